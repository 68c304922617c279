/* The search index. The first byte says what the others are.
 * 'l': a list of ordinals or ids, with the checksum that belongs to it: read within its bounds or refused.
 * Else: a text to search for, up to a line end, and a message. What the search finds in the message, the index
 * must not rule out: all keys of the text are among those of the message. */
#include "fuzz.h"

#include "cutter.h"
#include "posting.h"

#include <stdlib.h>
#include <zlib.h>

enum { BITS = 5000, KEYS = 64, SALT = 3 };

static void lists(struct moxd_str s)
{
    struct moxd_buf b = MOXD_BUF_INIT(1 << 24), again = MOXD_BUF_INIT(1 << 24);
    struct search_bits bits = search_bits_new(BITS);
    unsigned char salt[8], sum[4];
    uint32_t *v;
    uint64_t *ids;
    size_t n;

    moxd_put_be64(salt, SALT);
    moxd_put_be32(sum, (uint32_t)crc32(crc32(0, salt, 8), (const unsigned char *)s.p, (uInt)s.n));
    moxd_buf_add(&b, sum, 4);
    moxd_buf_addstr(&b, s);
    int rc = search_posting_decode(moxd_buf_str(&b), SALT, &bits, NULL);
    moxd_assert((search_posting_list(moxd_buf_str(&b), SALT, BITS, &v, &n, NULL) == 0) ==
                (rc == 0));
    for (size_t i = 0; i < n; i++)
        moxd_assert(v[i] < BITS && search_bits_get(&bits, v[i]) && (i == 0 || v[i - 1] < v[i]));
    search_posting_encode(&again, SALT, v, n); /* may be shorter: zeros at the end of a number */
    moxd_assert(rc < 0 || search_posting_decode(moxd_buf_str(&again), SALT, &bits, NULL) == 0);
    free(v);
    moxd_assert((search_ids_decode(moxd_buf_str(&b), SALT, &ids, &n, NULL) == 0) == (s.n % 8 == 0));
    free(ids);
    moxd_assert(search_posting_decode(s, SALT + 1, &bits, NULL) < 0 || s.n >= 4);
    search_bits_free(&bits);
    moxd_buf_fini(&again);
    moxd_buf_fini(&b);
}

static bool has(const uint32_t *keys, size_t n, uint32_t key)
{
    for (size_t i = 0; i < n; i++)
        if (keys[i] == key)
            return true;
    return false;
}

/* The text's keys, or for one of two bytes any that begins with them. */
static bool ruled_out(enum search_space space, struct moxd_str text, const uint32_t *keys, size_t n)
{
    uint32_t want[KEYS];
    size_t k = search_keys_of(space, text, want, KEYS);

    for (size_t i = 0; i < k; i++)
        if (!has(keys, n, want[i]))
            return true;
    if (text.n != 2)
        return false;
    for (unsigned c = 0; c < 256; c++)
        if (has(keys, n, search_key(space, (unsigned char)text.p[0], (unsigned char)text.p[1], c)))
            return false;
    return true;
}

struct message {
    struct moxd_reader r;
    struct moxd_msg *msg;
    struct moxd_str header;
    struct moxd_text *reader;
    const uint32_t *keys;
    size_t n;
};

static void check_part(struct moxd_search *s, const struct message *m, unsigned where,
                       enum search_space space)
{
    moxd_search_reset(s);
    moxd_assert(moxd_search_message(s, m->reader, &m->r, m->msg, where, NULL) == 0);
    moxd_assert(!moxd_search_found(s, 0) ||
                !ruled_out(space, moxd_search_needle(s, 0), m->keys, m->n));
}

static void check_field(struct moxd_search *s, const struct message *m, const char *field)
{
    moxd_search_reset(s);
    moxd_search_header(s, m->header, field);
    moxd_assert(!moxd_search_found(s, 0) ||
                !ruled_out(search_space_of(field), moxd_search_needle(s, 0), m->keys, m->n));
}

static void search(struct moxd_str text, struct moxd_str message)
{
    struct moxd_arena *a = moxd_arena_new(0);
    struct search_cutter *c = search_cutter_new();
    struct message m = { .r = moxd_reader_mem(&message), .reader = moxd_text_new() };
    struct moxd_search *s = NULL;

    if (moxd_search_new(&s, &text, 1, NULL) == 0 && moxd_search_needle(s, 0).n >= 2 &&
        search_cut(c, &m.r, &m.keys, &m.n, NULL) == 0) {
        moxd_assert(moxd_msg_parse(a, &m.r, &m.msg, NULL) == 0);
        moxd_assert(moxd_header_read(&m.r, a, &m.header, NULL, NULL) == 0);
        check_part(s, &m, MOXD_SEARCH_IN_BODY, SEARCH_BODY);
        check_part(s, &m, MOXD_SEARCH_IN_HEADER, SEARCH_HEADER);
        check_field(s, &m, "subject");
        check_field(s, &m, "FROM");
        check_field(s, &m, "Cc");
        check_field(s, &m, "X-Any");
    }
    moxd_search_free(s);
    moxd_text_free(m.reader);
    search_cutter_free(c);
    moxd_arena_free(a);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_str all = moxd_str((const char *)data, size), text;

    if (size > 0 && data[0] == 'l') {
        lists(moxd_str_from(all, 1));
        return 0;
    }
    text = moxd_str_cut(&all, '\n');
    search(text, all);
    return 0;
}
