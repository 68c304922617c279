/* What a host must do about TLS: every combination of what is known of it and what the message asks for. */
#include "unit.h"

#include <stdio.h>

#include "queue_security.h"

/* proves in part: QUEUE-20, QUEUE-21, SUBM-03 */

enum known {
    NOTHING,
    STS_TESTING,
    STS_ENFORCE,
    STS_OTHER_MX,
    DANE,
    DANE_UNUSABLE,
    DANE_AND_STS,
    BOGUS
};
static const enum queue_requiretls DEFAULT = QUEUE_TLS_DEFAULT, REQUIRED = QUEUE_TLS_REQUIRED,
                                   NO = QUEUE_TLS_OPTIONAL;

/* In words: "skip CODE" or "tls=if|must [pkix] [dane] [ignore] [fallback] [requiretls]". */
static const struct row {
    enum known known;
    bool secure;
    enum queue_requiretls const *requiretls;
    const char *plan;
} rows[] = {
    { NOTHING, false, &DEFAULT, "if fallback" },
    { NOTHING, true, &DEFAULT, "if fallback" },
    { STS_TESTING, false, &DEFAULT, "if pkix ignore fallback" },
    { STS_ENFORCE, false, &DEFAULT, "must pkix" },
    { STS_OTHER_MX, false, &DEFAULT, "skip 451" },
    { DANE, true, &DEFAULT, "must dane" },
    { DANE_UNUSABLE, true, &DEFAULT, "must" },
    { DANE_AND_STS, true, &DEFAULT, "must pkix dane" },
    { BOGUS, false, &DEFAULT, "skip 450" },

    { NOTHING, false, &REQUIRED, "skip 550" },
    { NOTHING, true, &REQUIRED, "must pkix requiretls" },
    { STS_TESTING, false, &REQUIRED, "must pkix requiretls" },
    { STS_ENFORCE, false, &REQUIRED, "must pkix requiretls" },
    { STS_OTHER_MX, false, &REQUIRED, "skip 550" },
    { STS_OTHER_MX, true, &REQUIRED, "skip 550" },
    { DANE, true, &REQUIRED, "must dane requiretls" },
    { DANE_UNUSABLE, true, &REQUIRED, "must pkix requiretls" },
    { DANE_AND_STS, true, &REQUIRED, "must pkix dane requiretls" },
    { BOGUS, false, &REQUIRED, "skip 450" },

    { NOTHING, false, &NO, "if ignore fallback" },
    { STS_TESTING, false, &NO, "if pkix ignore fallback" },
    { STS_ENFORCE, false, &NO, "if pkix ignore fallback" },
    { STS_OTHER_MX, false, &NO, "if pkix ignore fallback" },
    { DANE, true, &NO, "if dane ignore fallback" },
    { DANE_UNUSABLE, true, &NO, "if ignore fallback" },
    { DANE_AND_STS, true, &NO, "if pkix dane ignore fallback" },
    { BOGUS, false, &NO, "if ignore fallback" },
};

static struct queue_security known_of(enum known known)
{
    bool dane = known == DANE || known == DANE_UNUSABLE || known == DANE_AND_STS;
    bool enforce = known == STS_ENFORCE || known == STS_OTHER_MX || known == DANE_AND_STS;
    struct queue_security s = {
        .dane = dane,
        .ntlsa = dane && known != DANE_UNUSABLE,
        .sts_enforce = enforce,
        .sts_testing = known == STS_TESTING,
        .sts_mx_ok = (enforce && known != STS_OTHER_MX) || known == STS_TESTING,
    };

    if (known == BOGUS)
        (void)moxd_reply_set(&s.reply, 450, "4.7.0", "bogus");
    return s;
}

static void put_plan(const struct queue_plan *p, char *out, size_t n)
{
    if (p->skip) {
        snprintf(out, n, "skip %d", p->reply.code);
        return;
    }
    snprintf(out, n, "%s%s%s%s%s%s",
             p->security.starttls == SMTPCLIENT_TLS_REQUIRED ? "must" : "if",
             p->security.verify_pkix ? " pkix" : "", p->security.verify_dane ? " dane" : "",
             p->security.ignore_errors ? " ignore" : "", p->fallback ? " fallback" : "",
             p->requiretls ? " requiretls" : "");
}

START_TEST(matrix)
{
    for (size_t i = 0; i < MOXD_NELEMS(rows); i++) {
        struct queue_security known = known_of(rows[i].known);
        struct queue_demand demand = { .requiretls = *rows[i].requiretls,
                                       .hosts_secure = rows[i].secure };
        struct queue_plan plan;
        char text[100];

        queue_security_plan(&demand, &known, &plan);
        put_plan(&plan, text, sizeof(text));
        ck_assert_msg(strcmp(text, rows[i].plan) == 0, "row %zu: %s instead of %s", i, text,
                      rows[i].plan);
    }
}
END_TEST

/* RFC 8689 4.2.1: not for the null path. */
START_TEST(bounces_do_not_require)
{
    struct queue_security known = { 0 };
    struct queue_demand demand = { .requiretls = QUEUE_TLS_REQUIRED, .null_sender = true };
    struct queue_plan plan;

    queue_security_plan(&demand, &known, &plan);
    ck_assert(!plan.skip && !plan.requiretls && plan.fallback);
}
END_TEST

UNIT_MAIN("queue_security", matrix, bounces_do_not_require)
