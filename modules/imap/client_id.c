/* What a client says of itself with ID (RFC 2971): for the log, and for the history of logins (P-IMAP-11). */
#include "imap.h"

enum { FIELDS_MAX = 30 }; /* RFC 2971 3.3 */

static struct moxd_str field(const struct moxd_imap_cmd *cmd, const char *name)
{
    for (size_t i = 0; i + 1 < cmd->list.n; i += 2)
        if (moxd_str_caseeqs(cmd->list.v[i], name))
            return cmd->list.v[i + 1];
    return moxd_str(NULL, 0);
}

/* Cut to what fits; what a terminal would not show becomes "?". */
static void put(struct imap_session *s, const char *before, struct moxd_str value,
                const char *after)
{
    size_t n = strlen(s->client);

    if (value.n == 0 || n + strlen(before) + value.n + strlen(after) >= sizeof(s->client))
        return;
    snprintf(s->client + n, sizeof(s->client) - n, "%s%" MOXD_STRF "%s", before, MOXD_STRA(value),
             after);
    for (char *p = s->client + n; *p; p++)
        *p = *p >= ' ' && *p <= '~' ? *p : '?';
}

void imap_take_client_id(struct imap_session *s)
{
    const struct moxd_imap_cmd *cmd = &s->cmd;

    for (size_t i = 0; i + 1 < cmd->list.n && i < 2 * FIELDS_MAX; i += 2)
        moxd_debug(&s->log, "client id", moxd_kvn("field", cmd->list.v[i]),
                   moxd_kvn("value", cmd->list.v[i + 1]));
    if (s->client[0])
        return;
    put(s, "", field(cmd, "name"), "");
    put(s, s->client[0] ? " " : "", field(cmd, "version"), "");
    put(s, s->client[0] ? " (" : "(", field(cmd, "os"), ")");
    if (!s->client[0])
        return;
    s->auth_env.client = s->client;
    if (s->state != IMAP_NOT_AUTH)
        s->im->auth->client_named(s->im->auth_self, &s->auth_env, &s->who);
}
