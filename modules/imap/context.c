#include "context.h"
#include <stdlib.h>

bool imap_context_has_tag(const struct imap_session *s)
{
    const struct imap_contexts *cs = s->sel->contexts;

    for (const struct imap_context *c = cs ? cs->v : NULL; c; c = c->next)
        if (moxd_str_eq(c->cmd.tag, s->cmd.tag))
            return true;
    return false;
}

static void free_context(struct imap_context *c)
{
    for (size_t i = 0; c->rows && i < c->n; i++)
        free(c->rows[i]);
    free(c->rows);
    free(c->fresh);
    free(c->uids);
    moxd_arena_free(c->a);
    free(c);
}

void imap_contexts_free(struct imap_contexts *cs)
{
    struct imap_context *next;

    if (!cs)
        return;
    for (struct imap_context *c = cs->v; c; c = next) {
        next = c->next;
        free_context(c);
    }
    free(cs->dirty);
    free(cs);
}

/* --- opening -------------------------------------------------------------------------------------- */

size_t imap_contexts_rows_bytes(const struct imap_contexts *cs)
{
    size_t n = 0;

    for (const struct imap_context *c = cs->v; c; c = c->next)
        n += c->rows_bytes;
    return n;
}

/* The command once more, so that its keys stay: 0, -1 when it cannot be. */
static int prepare(struct imap_session *s, struct imap_context *c)
{
    struct moxd_str text;

    c->a = moxd_arena_new(0);
    text = moxd_arena_str(c->a, moxd_buf_str(&s->text));
    if (moxd_imap_parse(text, c->a, &c->cmd, NULL) < 0 ||
        imap_search_prepare(s, &c->cmd, c->a, &c->se, NULL) < 0)
        return -1;
    imap_search_lasting(&c->se);
    return 0;
}

static void take_result(struct imap_context *c, const struct imap_found *f,
                        struct imap_sort_row *const *rows)
{
    c->n = c->cap = f->n;
    c->named = f->where != NULL;
    if (c->named)
        c->where =
            (struct imap_where){ moxd_arena_strdup(c->a, f->where->name), f->where->uidvalidity };
    c->uids = moxd_xreallocarray(NULL, f->n + 1, sizeof(*c->uids));
    for (size_t i = 0; i < f->n; i++)
        c->uids[i] = f->uids[i];
    if (c->cmd.verb != MOXD_IMAP_SORT)
        return;
    c->rows = moxd_xreallocarray(NULL, f->n + 1, sizeof(struct imap_sort_row *));
    for (size_t i = 0; i < f->n; i++)
        c->rows[i] = imap_sort_row_dup(&c->cmd, rows[i], &c->rows_bytes);
}

static bool ages(const struct moxd_imap_key *key)
{
    bool r = key->kind == MOXD_IMAP_KEY_OLDER || key->kind == MOXD_IMAP_KEY_YOUNGER;

    for (const struct moxd_imap_key *k = key->child; k && !r; k = k->next)
        r = ages(k);
    return r;
}

static void add(struct imap_contexts *cs, struct imap_context *c)
{
    c->next = cs->v;
    cs->v = c;
    cs->n++;
    if (ages(c->cmd.search) && !cs->aging) {
        cs->aging = true;
        cs->looked_at = moxd_mono();
    }
}

static bool has_room(const struct imap_contexts *cs, const struct imap_context *c)
{
    return cs->n < IMAP_CONTEXTS_MAX && (!c->rows || imap_contexts_rows_bytes(cs) + c->rows_bytes <=
                                                         IMAP_CONTEXT_ROWS_BYTES_MAX);
}

int imap_context_open(struct imap_session *s, const struct imap_found *f,
                      struct imap_sort_row *const *rows)
{
    struct imap_context *c = moxd_xcalloc(1, sizeof(*c));

    if (!s->sel->contexts)
        s->sel->contexts = moxd_xcalloc(1, sizeof(*s->sel->contexts));
    if (prepare(s, c) == 0) {
        take_result(c, f, rows);
        if (has_room(s->sel->contexts, c)) {
            add(s->sel->contexts, c);
            return 0;
        }
    }
    free_context(c);
    return imap_context_refuse(s, s->cmd.tag);
}

int imap_context_refuse(struct imap_session *s, struct moxd_str tag)
{
    moxd_buf_adds(&s->out, "* NO [NOUPDATE ");
    moxd_imap_put_string(&s->out, tag, false);
    moxd_buf_adds(&s->out, "] too much to be kept up to date");
    return imap_send_out(s);
}

/* --- closing -------------------------------------------------------------------------------------- */

static bool cancel(struct imap_contexts *cs, struct moxd_str tag)
{
    for (struct imap_context **at = cs ? &cs->v : NULL; at && *at; at = &(*at)->next) {
        struct imap_context *c = *at;

        if (!moxd_str_eq(c->cmd.tag, tag))
            continue;
        *at = c->next;
        cs->n--;
        free_context(c);
        return true;
    }
    return false;
}

void imap_context_close(struct imap_contexts *cs, struct imap_context *c)
{
    (void)cancel(cs, c->cmd.tag);
}

/* RFC 5267 4.3.5. */
int imap_cmd_cancelupdate(struct imap_session *s)
{
    bool all = true;

    for (size_t i = 0; i < s->cmd.list.n; i++)
        all &= cancel(s->sel->contexts, s->cmd.list.v[i]);
    return all ? imap_ok(s, NULL, "no further updates")
               : imap_no(s, NULL, "there are no updates under that tag");
}

/* --- what happened -------------------------------------------------------------------------------- */

void imap_contexts_note(struct imap_contexts *cs, const struct store_change *c)
{
    if (c->kind == STORE_CHANGE_EXPUNGE)
        cs->gone = true;
    if ((c->kind != STORE_CHANGE_ADD && c->kind != STORE_CHANGE_FLAGS) || cs->all)
        return;
    if (cs->ndirty == IMAP_CONTEXT_DIRTY_MAX) {
        cs->all = true;
        return;
    }
    if (cs->ndirty == cs->dirty_cap) {
        cs->dirty_cap = cs->dirty_cap ? cs->dirty_cap * 2 : 16;
        cs->dirty = moxd_xreallocarray(cs->dirty, cs->dirty_cap, sizeof(*cs->dirty));
    }
    cs->dirty[cs->ndirty++] = c->uid;
}

void imap_contexts_lost(struct imap_contexts *cs)
{
    cs->all = cs->gone = true;
}

bool imap_contexts_due(const struct imap_contexts *cs)
{
    if (!cs || cs->n == 0)
        return false;
    return cs->all || cs->gone || cs->ndirty > 0 ||
           (cs->aging && moxd_mono() - cs->looked_at >= IMAP_CONTEXT_AGE);
}
