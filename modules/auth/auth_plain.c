/* PLAIN (RFC 4616) and LOGIN (draft-murchison-sasl-login): the password itself, so only where nobody
 * listens. */
#include "auth.h"

/* message = [authzid] NUL authcid NUL passwd (RFC 4616 2); an authorization identity must be the
 * authentication identity: nobody acts for others. */
static bool parse_plain(struct moxd_str in, struct moxd_str *user, struct moxd_str *password)
{
    struct moxd_str rest = in, authzid = moxd_str_cut(&rest, '\0');

    if (!rest.p)
        return false;
    *user = moxd_str_cut(&rest, '\0');
    if (!rest.p || user->n == 0 || rest.n == 0 || memchr(rest.p, '\0', rest.n))
        return false;
    *password = rest;
    return authzid.n == 0 || moxd_str_eq(authzid, *user);
}

enum auth_step auth_plain_step(struct auth_sasl *s, struct moxd_str in, bool has_in,
                               struct moxd_buf *out, struct moxd_err *err)
{
    struct moxd_str user, password;

    (void)out;
    if (!has_in && s->round == 0)
        return AUTH_CONTINUE; /* an empty challenge asks for the message */
    if (!parse_plain(in, &user, &password))
        return auth_attempt_fail(&s->at, AUTH_BADPROTOCOL, err);
    return auth_attempt_password(&s->at, user, password, err);
}

/* Some clients look at the words, and send the user name as initial response. */
enum auth_step auth_login_step(struct auth_sasl *s, struct moxd_str in, bool has_in,
                               struct moxd_buf *out, struct moxd_err *err)
{
    if (s->round == 0 && !has_in) {
        moxd_buf_adds(out, "Username:");
        return AUTH_CONTINUE;
    }
    if (!s->login[0]) {
        if (in.n == 0 || memchr(in.p, '\0', in.n) ||
            moxd_str_copy(in, s->login, sizeof(s->login)) < 0)
            return auth_attempt_fail(&s->at, AUTH_BADPROTOCOL, err);
        moxd_buf_adds(out, "Password:");
        return AUTH_CONTINUE;
    }
    return auth_attempt_password(&s->at, moxd_cstr(s->login), in, err);
}
