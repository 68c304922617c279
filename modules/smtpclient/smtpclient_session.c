/* The life of a session. */
#include "smtpclient.h"

#include <errno.h>
#include <sys/socket.h>

struct smtpclient_session *smtpclient_session_new(struct smtpclient *sc,
                                                  const struct smtpclient_target *t,
                                                  struct moxd_arena *ra,
                                                  struct smtpclient_reply *why)
{
    struct smtpclient_session *s = moxd_xcalloc(1, sizeof(*s));

    s->sc = sc;
    s->a = moxd_arena_new(0);
    s->scratch = moxd_arena_new(0);
    s->t = t;
    s->ra = ra;
    s->why = why;
    s->facts.tls_result = SMTPCLIENT_TLS_NONE_TRIED;
    s->facts.tls_error = "";
    s->kv[0] = moxd_kvs("host", moxd_arena_strdup(s->a, t->host));
    s->log = (struct moxd_log){
        .component = sc->m.module->name, .parent = t->log, .kv = s->kv, .nkv = 1
    };
    return s;
}

void smtpclient_session_free(struct smtpclient_session *s)
{
    moxd_stream_close(s->st);
    moxd_arena_free(s->scratch);
    moxd_arena_free(s->a);
    free(s);
}

const struct smtpclient_facts *smtpclient_session_facts(const struct smtpclient_session *s)
{
    return &s->facts;
}

/* What is there without having been asked for is a goodbye: no reply is due. */
static bool is_silent(const struct smtpclient_session *s)
{
    char byte;

    return s->st && moxd_stream_buffered(s->st) == 0 &&
           recv(moxd_stream_fd(s->st), &byte, 1, MSG_PEEK | MSG_DONTWAIT) < 0 && errno == EAGAIN;
}

bool smtpclient_usable(struct smtpclient_session *s)
{
    if (s->facts.mailmax > 0 && s->transactions >= s->facts.mailmax)
        return false;
    return !s->broken && is_silent(s);
}

void smtpclient_close(struct smtpclient_session *s)
{
    struct smtpclient_reply bye;

    if (!s->broken && is_silent(s))
        (void)!smtpclient_command(s, SMTPCLIENT_BODY, MOXD_TRACE, "QUIT", SMTPCLIENT_QUIT_TIMEOUT,
                                  s->a, &bye);
    smtpclient_session_free(s);
}
