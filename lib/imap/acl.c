#include <moxd/enc.h>
#include <moxmail/imap_acl.h>

enum { FORM = 1, HEAD = 8 };

static const struct {
    char letter;
    unsigned rights;
    bool virtual; /* of RFC 2086: told beside the others */
} letters[] = {
    { 'l', MOXD_IMAP_RIGHT_L, false },
    { 'r', MOXD_IMAP_RIGHT_R, false },
    { 's', MOXD_IMAP_RIGHT_S, false },
    { 'w', MOXD_IMAP_RIGHT_W, false },
    { 'i', MOXD_IMAP_RIGHT_I, false },
    { 'p', MOXD_IMAP_RIGHT_P, false },
    { 'k', MOXD_IMAP_RIGHT_K, false },
    { 'x', MOXD_IMAP_RIGHT_X, false },
    { 't', MOXD_IMAP_RIGHT_T, false },
    { 'e', MOXD_IMAP_RIGHT_E, false },
    { 'a', MOXD_IMAP_RIGHT_A, false },
    { 'c', MOXD_IMAP_RIGHT_K | MOXD_IMAP_RIGHT_X, true },
    { 'd', MOXD_IMAP_RIGHT_T | MOXD_IMAP_RIGHT_E, true },
};

int moxd_imap_rights_parse(struct moxd_str s, unsigned *rights, struct moxd_err *err)
{
    *rights = 0;
    for (size_t i = 0; i < s.n; i++) {
        unsigned found = 0;

        for (size_t k = 0; k < MOXD_NELEMS(letters); k++)
            if (letters[k].letter == s.p[i])
                found = letters[k].rights;
        if (!found)
            return moxd_err_set(err, MOXD_ERR_SYNTAX, "unknown right");
        *rights |= found;
    }
    return 0;
}

void moxd_imap_rights_put(struct moxd_buf *b, unsigned rights)
{
    for (size_t k = 0; k < MOXD_NELEMS(letters); k++)
        if (rights & letters[k].rights)
            moxd_buf_addc(b, letters[k].letter);
}

/* --- lists ------------------------------------------------------------------------------------------- */

/* A byte for the form; then of each entry the rights and the length, four bytes each, and the identifier. */
void moxd_imap_acl_encode(const struct moxd_imap_acl *acl, struct moxd_buf *b)
{
    moxd_buf_addc(b, FORM);
    for (size_t i = 0; i < acl->n; i++) {
        unsigned char head[HEAD];

        moxd_put_be32(head, acl->v[i].rights);
        moxd_put_be32(head + 4, (uint32_t)acl->v[i].id.n);
        moxd_buf_add(b, head, sizeof(head));
        moxd_buf_addstr(b, acl->v[i].id);
    }
}

static bool take(struct moxd_str *data, struct moxd_imap_acl_entry *e)
{
    size_t n;

    if (data->n < HEAD)
        return false;
    e->rights = moxd_get_be32(data->p);
    n = moxd_get_be32(data->p + 4);
    if (n == 0 || n > MOXD_IMAP_IDENTIFIER_MAX || n > data->n - HEAD || e->rights == 0 ||
        (e->rights & ~(unsigned)MOXD_IMAP_RIGHTS_ALL))
        return false;
    e->id = moxd_str_sub(*data, HEAD, n);
    *data = moxd_str_from(*data, HEAD + n);
    return true;
}

int moxd_imap_acl_decode(struct moxd_arena *a, struct moxd_str data, struct moxd_imap_acl *out,
                         struct moxd_err *err)
{
    struct moxd_imap_acl_entry e = { 0 };

    *out = (struct moxd_imap_acl){ 0 };
    if (data.n == 0 || data.p[0] != FORM)
        return moxd_err_set(err, MOXD_ERR_CORRUPT, "list of rights in an unknown form");
    data = moxd_str_from(data, 1);
    out->v = moxd_arena_calloc(a, MOXD_IMAP_ACL_ENTRIES_MAX, sizeof(*out->v));
    while (data.n > 0) {
        if (out->n == MOXD_IMAP_ACL_ENTRIES_MAX || !take(&data, &e) ||
            (out->n > 0 && moxd_str_cmp(out->v[out->n - 1].id, e.id) >= 0))
            return moxd_err_set(err, MOXD_ERR_CORRUPT, "list of rights is damaged");
        e.id = moxd_arena_str(a, e.id);
        out->v[out->n++] = e;
    }
    return 0;
}

/* Where the identifier is, or belongs. */
static size_t place(const struct moxd_imap_acl *acl, struct moxd_str id)
{
    size_t i = 0;

    while (i < acl->n && moxd_str_cmp(acl->v[i].id, id) < 0)
        i++;
    return i;
}

unsigned moxd_imap_acl_get(const struct moxd_imap_acl *acl, struct moxd_str id)
{
    size_t i = place(acl, id);

    return i < acl->n && moxd_str_eq(acl->v[i].id, id) ? acl->v[i].rights : 0;
}

int moxd_imap_acl_set(struct moxd_imap_acl *acl, struct moxd_arena *a, struct moxd_str id,
                      unsigned rights, struct moxd_err *err)
{
    size_t i = place(acl, id);
    bool there = i < acl->n && moxd_str_eq(acl->v[i].id, id);
    struct moxd_imap_acl_entry *v;

    if (there && rights) {
        acl->v[i].rights = rights;
        return 0;
    }
    if (there) {
        acl->n--;
        memmove(&acl->v[i], &acl->v[i + 1], (acl->n - i) * sizeof(*acl->v));
        return 0;
    }
    if (!rights)
        return 0;
    if (acl->n >= MOXD_IMAP_ACL_ENTRIES_MAX)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "more than %d entries", MOXD_IMAP_ACL_ENTRIES_MAX);
    v = moxd_arena_calloc(a, acl->n + 1, sizeof(*v));
    for (size_t k = 0; k < acl->n; k++)
        v[k < i ? k : k + 1] = acl->v[k];
    v[i] = (struct moxd_imap_acl_entry){ moxd_arena_str(a, id), rights };
    acl->v = v;
    acl->n++;
    return 0;
}

unsigned moxd_imap_acl_rights(const struct moxd_imap_acl *acl, struct moxd_str user)
{
    unsigned given = 0, taken = 0;

    for (size_t i = 0; i < acl->n; i++) {
        struct moxd_str id = acl->v[i].id;
        bool negative = moxd_str_starts(id, MOXD_STR("-"));

        id = moxd_str_from(id, negative);
        if (moxd_str_eq(id, user) || moxd_str_eqs(id, "anyone"))
            *(negative ? &taken : &given) |= acl->v[i].rights;
    }
    return given & ~taken;
}
