/* Records of attempts as bytes: JSON objects, so that a field can be added. */
#include "logins.h"

#include <jansson.h>
#include <openssl/sha.h>
#include <stdlib.h>

static const char *const names[LOGINS_FIELDS] = {
    [LOGINS_ACCOUNT] = "account",     [LOGINS_LOGIN] = "login",
    [LOGINS_REMOTE] = "remote",       [LOGINS_PROTOCOL] = "protocol",
    [LOGINS_MECHANISM] = "mechanism", [LOGINS_RESULT] = "result",
    [LOGINS_CLIENT] = "client",       [LOGINS_TLS] = "tls",
};

void logins_key(const struct logins_attempt *at, unsigned char key[LOGINS_KEY])
{
    unsigned char digest[SHA256_DIGEST_LENGTH];
    struct moxd_buf text = MOXD_BUF_INIT(LOGINS_VALUE_MAX);

    for (size_t i = 0; i < LOGINS_FIELDS; i++)
        moxd_buf_add(&text, at->field[i], strlen(at->field[i]) + 1);
    SHA256((const unsigned char *)moxd_buf_cstr(&text), text.n, digest);
    memcpy(key, digest, LOGINS_KEY);
    moxd_buf_fini(&text);
}

/* What peers call themselves need not be UTF-8. */
static json_t *text(const char *s)
{
    json_t *value = json_string(s);

    return value ? value : json_string("?");
}

void logins_write(const struct logins_attempt *at, struct moxd_buf *out)
{
    json_t *record = json_pack("{sI sI sI}", "first", (json_int_t)at->first, "last",
                               (json_int_t)at->last, "count", (json_int_t)at->count);

    for (size_t i = 0; i < LOGINS_FIELDS; i++)
        if (at->field[i][0])
            json_object_set_new(record, names[i], text(at->field[i]));
    char *s = json_dumps(record, JSON_COMPACT);
    moxd_buf_adds(out, s);
    free(s);
    json_decref(record);
}

int logins_parse(struct moxd_str record, struct moxd_arena *a, struct logins_attempt *at,
                 struct moxd_err *err)
{
    json_t *root = json_loadb(record.p ? record.p : "", record.n, 0, NULL);

    if (!json_is_object(root)) {
        json_decref(root);
        return moxd_err_set(err, MOXD_ERR_CORRUPT, "record of logins that cannot be read");
    }
    *at = (struct logins_attempt){
        .first = json_integer_value(json_object_get(root, "first")),
        .last = json_integer_value(json_object_get(root, "last")),
        .count = (uint64_t)json_integer_value(json_object_get(root, "count")),
    };
    for (size_t i = 0; i < LOGINS_FIELDS; i++) {
        const char *s = json_string_value(json_object_get(root, names[i]));
        at->field[i] = moxd_arena_strdup(a, s ? s : "");
    }
    json_decref(root);
    return 0;
}

bool logins_failed(const struct logins_attempt *at)
{
    return strcmp(at->field[LOGINS_RESULT], "ok") != 0;
}
