/* Keys of TLS clients as bytes: JSON objects, so that a field can be added. */
#include "auth_key.h"

#include <jansson.h>

void auth_key_write(const struct auth_tlskey *key, struct moxd_buf *out)
{
    json_t *record = json_pack("{ss ss ss sb}", "account", key->account, "login", key->login,
                               "name", key->name, "preauth", (int)key->preauth);
    char *text = json_dumps(record, JSON_COMPACT);

    moxd_buf_adds(out, text);
    free(text);
    json_decref(record);
}

int auth_key_parse(struct moxd_str id, struct moxd_str record, struct moxd_arena *a,
                   struct auth_tlskey *out, struct moxd_err *err)
{
    json_t *root = json_loadb(record.p ? record.p : "", record.n, 0, NULL);
    const char *account, *login, *name;
    int preauth;

    if (id.n != AUTH_KEY_ID || !root ||
        json_unpack(root, "{ss ss ss sb}", "account", &account, "login", &login, "name", &name,
                    "preauth", &preauth) < 0) {
        json_decref(root);
        return moxd_err_set(err, MOXD_ERR_CORRUPT, "the record of a TLS key cannot be read");
    }
    *out = (struct auth_tlskey){ .account = moxd_arena_strdup(a, account),
                                 .login = moxd_arena_strdup(a, login),
                                 .name = moxd_arena_strdup(a, name),
                                 .preauth = preauth };
    memcpy(out->id, id.p, AUTH_KEY_ID);
    json_decref(root);
    return 0;
}
