/* THREAD: ORDEREDSUBJECT and REFERENCES of RFC 5256, compared with a naive reading of its text. */
#include "unit.h"

#include <moxd/buf.h>
#include <moxd/hash.h>
#include <moxmail/thread_tree.h>
#include <stdio.h>

/* proves: P-IMAP-02 */

struct given {
    int64_t sent;
    const char *subject; /* base */
    bool reply;
    const char *id, *references, *in_reply_to;
};

static struct moxd_threads *make(const struct given *v, size_t n)
{
    struct moxd_threads *t = moxd_threads_new();

    for (size_t i = 0; i < n; i++)
        moxd_threads_add(t, &(struct moxd_thread_msg){
                                .number = (uint32_t)i + 1,
                                .sent = v[i].sent,
                                .subject = moxd_cstr(v[i].subject),
                                .reply = v[i].reply,
                                .message_id = moxd_cstr(v[i].id),
                                .references = moxd_cstr(v[i].references),
                                .in_reply_to = moxd_cstr(v[i].in_reply_to),
                            });
    return t;
}

static char *threads(const struct given *v, size_t n, bool by_subject)
{
    struct moxd_threads *t = make(v, n);
    struct moxd_buf b = MOXD_BUF_INIT(10 << 20);

    if (by_subject)
        moxd_threads_by_subject(t, &b);
    else
        moxd_threads_by_references(t, &b);
    moxd_threads_free(t);
    return moxd_buf_steal(&b);
}

#define CHECK(by_subject, want, ...)                                                               \
    do {                                                                                           \
        const struct given g[] = { __VA_ARGS__ };                                                  \
        char *got = threads(g, MOXD_NELEMS(g), by_subject);                                        \
        ck_assert_str_eq(got, want);                                                               \
        free(got);                                                                                 \
    } while (0)

START_TEST(ordered_subject)
{
    CHECK(true, "(1)", { 5, "A" });
    CHECK(true, "(2)(1 3)", { 5, "A" }, { 4, "B" }, { 6, "A" });
    CHECK(true, "(3 (1)(4))(2)", { 5, "A" }, { 4, "B" }, { 3, "A" }, { 9, "A" });
    CHECK(true, "(1 (2)(3))", { 5, "" }, { 5, "" }, { 5, "" });
}
END_TEST

START_TEST(references)
{
    CHECK(false, "(1 2 3)", { 1, "", 0, "<a@x>" }, { 2, "", 0, "<b@x>", "<a@x>" },
          { 3, "", 0, "<c@x>", "<a@x> <b@x>" });
    /* The parent is not there, nor its parent; then only one child has it. */
    CHECK(false, "((1)(2))", { 1, "", 0, "<a@x>", "<p@x> <q@x>" }, { 2, "", 0, "<b@x>", "<p@x>" });
    CHECK(false, "(1)", { 1, "", 0, "<a@x>", "<p@x> <q@x>" });
    /* In-Reply-To counts without References; quoting does not matter, case does. */
    CHECK(false, "(1 (2)(3))(4)", { 1, "", 0, "<\"a\"@x>" },
          { 2, "", 0, "<b@x>", "none", "about <a@x> <c@x>" }, { 3, "", 0, NULL, NULL, "<a@x>" },
          { 4, "", 0, "<c@y>", NULL, "<A@x>" });
    /* The second with an id is another message. */
    CHECK(false, "(1 3)(2)", { 1, "", 0, "<a@x>" }, { 2, "", 0, "<a@x>" },
          { 3, "", 0, "<b@x>", "<a@x>" });
    /* What is told of others yields to what they say themselves. */
    CHECK(false, "(1)(2 3)", { 1, "", 0, "<a@x>" }, { 2, "", 0, "<b@x>", "<a@x> <c@x> <b@x>" },
          { 3, "", 0, "<c@x>", "<b@x>" });
    /* Loops. */
    CHECK(false, "(2 1)", { 1, "", 0, "<a@x>", "<b@x>" }, { 2, "", 0, "<b@x>", "<a@x>" });
    CHECK(false, "(1)", { 1, "", 0, "<a@x>", "<a@x> <a@x>" });
    /* Parents that were sent after their children come before them all the same. */
    CHECK(false, "(2 1)", { 1, "", 0, "<a@x>", "<b@x>" }, { 9, "", 0, "<b@x>" });
}
END_TEST

START_TEST(subjects_merge)
{
    CHECK(false, "(1 2)", { 1, "S" }, { 2, "S", true });
    CHECK(false, "((1)(2))", { 1, "S" }, { 2, "S" });
    CHECK(false, "(2 (1)(3))", { 1, "S", true }, { 2, "S" }, { 3, "S", true });
    CHECK(false, "((1)(2)(3))", { 1, "S", true }, { 2, "S", true }, { 3, "S", true });
    CHECK(false, "(1)(2)", { 1, "" }, { 2, "" });
    /* Two threads without their first messages; a third message joins them. */
    CHECK(false, "((1)(2)(3)(4)(5))", { 1, "S", 0, "<a@x>", "<p@x>" },
          { 2, "T", 0, "<b@x>", "<p@x>" }, { 3, "S", 0, "<c@x>", "<q@x>" },
          { 4, "U", 0, "<d@x>", "<q@x>" }, { 5, "S", 1 });
    CHECK(false, "((1)(2)(4)(5))(3)", { 1, "S", 0, "<a@x>", "<p@x>" },
          { 2, "T", 0, "<b@x>", "<p@x>" }, { 3, "U" }, { 4, "S", 0, "<c@x>", "<q@x>" },
          { 5, "U", 0, "<d@x>", "<q@x>" });
}
END_TEST

/* --- RFC 5256 once more, as it is written ----------------------------------------------------------- */
enum { MANY = 12, NODES = 200 };

struct naive {
    const struct given *msg; /* NULL: a dummy */
    char id;                 /* 0: it has none that others could know */
    int parent;              /* -1: none */
    bool gone;
};
static struct naive nodes[NODES];
static int nnodes;

static bool is_below(int node, int top)
{
    for (; node >= 0; node = nodes[node].parent)
        if (node == top)
            return true;
    return false;
}

static int new_node(char id)
{
    nodes[nnodes] = (struct naive){ .id = id, .parent = -1 };
    return nnodes++;
}

static int node_with(char id)
{
    for (int i = 0; i < nnodes; i++)
        if (nodes[i].id == id)
            return i;
    return new_node(id);
}

/* Ids are "<c@x>" with one letter c. */
static void step_1(const struct given *g)
{
    int me = g->id ? node_with(g->id[1]) : new_node(0), last = -1;

    if (nodes[me].msg)
        me = new_node(0);
    nodes[me].msg = g;
    for (const char *p = g->references; p && *p; p += 5) {
        int ref = node_with(p[1]);

        if (last >= 0 && nodes[ref].parent < 0 && !is_below(last, ref))
            nodes[ref].parent = last;
        last = ref;
    }
    nodes[me].parent = -1;
    if (last >= 0 && !is_below(last, me))
        nodes[me].parent = last;
}

static int children_of(int parent, int *out)
{
    int n = 0;

    for (int i = 0; i < nnodes; i++)
        if (!nodes[i].gone && nodes[i].parent == parent)
            out[n++] = i;
    return n;
}

static void step_3(void)
{
    int c[NODES];
    bool again = true;

    while (again) {
        again = false;
        for (int i = 0; i < nnodes; i++) {
            if (nodes[i].msg || nodes[i].gone)
                continue;
            int n = children_of(i, c);
            if (n > 1 && nodes[i].parent < 0)
                continue;
            for (int k = 0; k < n; k++)
                nodes[c[k]].parent = nodes[i].parent;
            nodes[i].gone = again = true;
        }
    }
}

static const struct given *first_of(int node);

static int sorted(int parent, int *out)
{
    int n = children_of(parent, out);

    for (int i = 1; i < n; i++)
        for (int k = i; k > 0; k--) {
            const struct given *a = first_of(out[k - 1]), *b = first_of(out[k]);
            int tmp = out[k];

            if (a->sent < b->sent || (a->sent == b->sent && a < b))
                break;
            out[k] = out[k - 1];
            out[k - 1] = tmp;
        }
    return n;
}

static const struct given *first_of(int node)
{
    int c[NODES];

    if (nodes[node].msg)
        return nodes[node].msg;
    ck_assert_int_gt(sorted(node, c), 0);
    return first_of(c[0]);
}

static int in_table(const int *table, int n, const char *const *subjects, const char *s)
{
    for (int i = 0; i < n; i++)
        if (table[i] >= 0 && strcmp(subjects[i], s) == 0)
            return i;
    return -1;
}

static void step_5(void)
{
    int tops[NODES], n = sorted(-1, tops), table[NODES];
    const char *subjects[NODES];

    for (int i = 0; i < n; i++) {
        const char *s = first_of(tops[i])->subject;
        int k = in_table(table, i, subjects, s), cur = tops[i];

        table[i] = -1;
        subjects[i] = s;
        if (k < 0)
            table[i] = cur;
        else if (nodes[table[k]].msg &&
                 (!nodes[cur].msg || (nodes[table[k]].msg->reply && !nodes[cur].msg->reply)))
            table[k] = cur;
    }
    for (int i = 0; i < n; i++) {
        int k = in_table(table, n, subjects, subjects[i]), cur = tops[i], c[NODES];
        int at = table[k];

        if (subjects[i][0] == '\0' || at == cur || nodes[cur].parent >= 0)
            continue;
        if (!nodes[at].msg && !nodes[cur].msg) {
            for (int j = children_of(cur, c); j > 0; j--)
                nodes[c[j - 1]].parent = at;
            nodes[cur].gone = true;
        } else if (!nodes[at].msg || (nodes[cur].msg->reply && !nodes[at].msg->reply)) {
            nodes[cur].parent = at;
        } else {
            table[k] = new_node(0);
            nodes[cur].parent = nodes[at].parent = table[k];
        }
    }
}

static void put(struct moxd_buf *b, const struct given *base, int node)
{
    int c[NODES], n = sorted(node, c);

    if (nodes[node].msg)
        moxd_buf_addf(b, "%td%s", nodes[node].msg - base + 1, n ? " " : "");
    for (int i = 0; i < n; i++) {
        moxd_buf_adds(b, n > 1 ? "(" : "");
        put(b, base, c[i]);
        moxd_buf_adds(b, n > 1 ? ")" : "");
    }
}

static char *naive_threads(const struct given *g, size_t n)
{
    struct moxd_buf b = MOXD_BUF_INIT(100000);
    int tops[NODES], ntops;

    nnodes = 0;
    for (size_t i = 0; i < n; i++)
        step_1(&g[i]);
    step_3();
    step_5();
    ntops = sorted(-1, tops);
    for (int i = 0; i < ntops; i++) {
        moxd_buf_addc(&b, '(');
        put(&b, g, tops[i]);
        moxd_buf_addc(&b, ')');
    }
    return moxd_buf_steal(&b);
}

static uint64_t seed;

static unsigned pick(unsigned n)
{
    seed = seed * 6364136223846793005 + 1442695040888963407;
    return (unsigned)(seed >> 33) % n;
}

START_TEST(as_written)
{
    static const char *const subjects[] = { "", "S", "T" };
    char ids[MANY][6], refs[MANY][31];
    struct given g[MANY];

    for (seed = 1; seed < 20000; seed++) {
        uint64_t round = seed;
        size_t n = 1 + pick(MANY);

        for (size_t i = 0; i < n; i++) {
            unsigned nrefs = pick(6), letters = 2 + pick(12);

            snprintf(ids[i], sizeof(ids[i]), "<%c@x>", 'a' + pick(letters));
            for (unsigned k = 0; k < nrefs; k++)
                snprintf(refs[i] + 5 * k, 6, "<%c@x>", 'a' + pick(letters));
            refs[i][nrefs * 5] = '\0';
            g[i] = (struct given){ .sent = pick(6),
                                   .subject = subjects[pick(3)],
                                   .reply = pick(2),
                                   .id = pick(8) ? ids[i] : NULL,
                                   .references = refs[i] };
        }
        char *want = naive_threads(g, n), *got = threads(g, n, false);
        ck_assert_msg(strcmp(got, want) == 0, "round %llu: %s, not %s", (unsigned long long)round,
                      got, want);
        free(want);
        free(got);
        seed = round;
    }
}
END_TEST

/* --- hostile -------------------------------------------------------------------------------------- */
enum { DEEP = 100000 };

/* A chain, as answers came in, or the last first: each message is then put above all before. */
static void check_chain(bool backwards)
{
    struct moxd_threads *t = moxd_threads_new();
    struct moxd_buf b = MOXD_BUF_INIT(10 << 20);
    char id[32], parent[32];

    for (int i = 0; i < DEEP; i++) {
        int k = backwards ? DEEP - 1 - i : i;

        snprintf(id, sizeof(id), "<%d@x>", k);
        snprintf(parent, sizeof(parent), "<%d@x>", k - 1);
        moxd_threads_add(t, &(struct moxd_thread_msg){ .number = (uint32_t)k + 1,
                                                       .message_id = moxd_cstr(id),
                                                       .references = moxd_cstr(parent) });
    }
    moxd_threads_by_references(t, &b);
    ck_assert(moxd_str_starts(moxd_buf_str(&b), MOXD_STR("(1 2 3 4 ")));
    ck_assert(moxd_str_ends(moxd_buf_str(&b), MOXD_STR(" 99999 100000)")));
    moxd_buf_fini(&b);
    moxd_threads_free(t);
}

START_TEST(deep)
{
    check_chain(false);
    check_chain(true);
}
END_TEST

/* Every message names many that are not there, or that would close loops. */
START_TEST(many_references)
{
    struct moxd_threads *t = moxd_threads_new();
    struct moxd_buf refs = MOXD_BUF_INIT(1 << 20), b = MOXD_BUF_INIT(10 << 20);
    size_t open = 0, shown = 0;
    char id[32];

    for (unsigned i = 0; i < 2000; i++) {
        moxd_buf_reset(&refs);
        for (unsigned k = 0; k < 1000; k++)
            moxd_buf_addf(&refs, "<%u@x>", i % 2 ? (i * 7919 + k * 104729) % 2000 : i * 1000 + k);
        snprintf(id, sizeof(id), "<%u@x>", i);
        moxd_threads_add(t, &(struct moxd_thread_msg){ .number = i + 1,
                                                       .subject = MOXD_STR("S"),
                                                       .message_id = moxd_cstr(id),
                                                       .references = moxd_buf_str(&refs) });
    }
    moxd_threads_by_references(t, &b);
    for (size_t i = 0; i < b.n; i++) {
        open += b.p[i] == '(';
        open -= b.p[i] == ')';
        shown += moxd_is_digit(b.p[i]) && (i == 0 || !moxd_is_digit(b.p[i - 1]));
    }
    ck_assert_uint_eq(open, 0);
    ck_assert_uint_eq(shown, 2000);
    moxd_buf_fini(&refs);
    moxd_buf_fini(&b);
    moxd_threads_free(t);
}
END_TEST

/* Of a long field the first and the last ids count. */
START_TEST(long_references)
{
    struct moxd_buf refs = MOXD_BUF_INIT(1 << 20);

    moxd_buf_adds(&refs, "<root@x>");
    for (int i = 0; i < 3 * MOXD_THREAD_REFS_MAX; i++)
        moxd_buf_addf(&refs, " <%d@x>", i);
    moxd_buf_adds(&refs, " <mid@x> <last@x>");
    CHECK(false, "(1 3 2 4)", { 1, "", 0, "<root@x>" }, { 2, "", 0, "<last@x>" },
          { 3, "", 0, "<mid@x>" }, { 4, "", 0, "<d@x>", moxd_buf_cstr(&refs) });
    moxd_buf_fini(&refs);
}
END_TEST

/* The vectors of the authors: key 00 01 .. 0f, texts 00 01 .. */
START_TEST(hash)
{
    const struct moxd_hash_key key = { { 0x0706050403020100, 0x0f0e0d0c0b0a0908 } };
    char text[15];

    for (char i = 0; i < 15; i++)
        text[(int)i] = i;
    ck_assert_uint_eq(moxd_hash(&key, moxd_str(text, 15)), 0xa129ca6149be45e5);
    ck_assert_uint_eq(moxd_hash(&key, moxd_str(text, 0)), 0x726fdb47dd0e0e31);
    ck_assert_uint_eq(moxd_hash(&key, moxd_str(text, 8)), 0x93f5f5799a932462);
}
END_TEST

UNIT_MAIN("thread", ordered_subject, references, subjects_merge, as_written, deep, many_references,
          long_references, hash)
