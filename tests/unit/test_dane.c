/* TLSA records and certificate chains. What "rollover" is: RFC 7671 8.
 * proves in part: DANE-01, P-AUTHN-10 */
#include "chain_unit.h"

#include <moxd/enc.h>
#include <moxmail/dane.h>

enum { RECORDS = 4, CERTS = 4 };

static struct moxd_arena *a;
static struct made root, middle, leaf, other;

static void set_up(void)
{
    a = moxd_arena_new(0);
    root = chain_make((struct make){ .subject = "root", .ca = true });
    middle = chain_make((struct make){ .subject = "middle", .issuer = &root, .ca = true });
    leaf = chain_make((struct make){
        .subject = "leaf", .issuer = &middle, .names = "DNS:mx.example,DNS:*.wild.example" });
    other = chain_make((struct make){ .subject = "other", .ca = true });
}

static void tear_down(void)
{
    chain_free(&root);
    chain_free(&middle);
    chain_free(&leaf);
    chain_free(&other);
    moxd_arena_free(a);
}

static struct moxd_tlsa record(unsigned usage, unsigned selector, unsigned matching,
                               const struct made *of)
{
    struct moxd_err err = { 0 };
    struct moxd_tlsa t;

    ck_assert_msg(moxd_tlsa_make(usage, selector, matching, chain_pem(of, a), a, &t, &err) == 0,
                  "%s", err.priv);
    return t;
}

#define CHAIN(...) ((const struct made *const[]){ __VA_ARGS__, NULL })
#define TLSA(...)                                                                                  \
    ((const struct moxd_tlsa[]){ __VA_ARGS__ }),                                                   \
        sizeof((const struct moxd_tlsa[]){ __VA_ARGS__ }) / sizeof(struct moxd_tlsa)

static enum moxd_dane_result verify(const struct made *const *chain, const char *name,
                                    const struct moxd_tlsa *t, size_t n)
{
    const char *names[] = { "none.example", name, NULL };
    struct moxd_str der[40];
    struct moxd_dane_server s = {
        .chain = der, .records = t, .nrecords = n, .names = names, .now = time(NULL)
    };

    for (; chain[s.nchain]; s.nchain++)
        der[s.nchain] = chain_der(chain[s.nchain], a);
    return moxd_dane_verify(&s, NULL);
}

/* Every usage, selector and matching type that can be used. */
START_TEST(all_kinds_of_records)
{
    const struct made *const *chain = CHAIN(&leaf, &middle, &root);

    set_up();
    for (unsigned selector = 0; selector <= 1; selector++)
        for (unsigned matching = 0; matching <= 2; matching++) {
            ck_assert_int_eq(verify(chain, "x", TLSA(record(3, selector, matching, &leaf))),
                             MOXD_DANE_OK);
            ck_assert_int_eq(verify(chain, "x", TLSA(record(3, selector, matching, &middle))),
                             MOXD_DANE_NO_MATCH);
            ck_assert_int_eq(
                verify(chain, "mx.example", TLSA(record(2, selector, matching, &root))),
                MOXD_DANE_OK);
            ck_assert_int_eq(
                verify(chain, "mx.example", TLSA(record(2, selector, matching, &middle))),
                MOXD_DANE_OK);
            ck_assert_int_ne(
                verify(chain, "mx.example", TLSA(record(2, selector, matching, &other))),
                MOXD_DANE_OK);
            ck_assert_int_eq(verify(chain, "mx.example",
                                    TLSA(record(2, selector, matching, &leaf))) == MOXD_DANE_OK,
                             selector == 0 &&
                                 matching == 0); /* a whole certificate is trusted as it is */
        }
    tear_down();
}
END_TEST

/* Under DANE-EE neither names nor dates count, nor who has signed (RFC 7672 3.1.1). */
START_TEST(end_entity_alone_counts)
{
    set_up();
    struct made old = chain_make((struct make){ .subject = "x", .days = -10 });
    struct made again = chain_make((struct make){ .subject = "y", .like = &old });

    ck_assert_int_eq(verify(CHAIN(&old), "mx.example", TLSA(record(3, 1, 1, &old))), MOXD_DANE_OK);
    /* The key was kept with a new certificate. */
    ck_assert_int_eq(verify(CHAIN(&again), "mx.example", TLSA(record(3, 1, 1, &old))),
                     MOXD_DANE_OK);
    ck_assert_int_eq(verify(CHAIN(&again), "mx.example", TLSA(record(3, 0, 1, &old))),
                     MOXD_DANE_NO_MATCH);
    chain_free(&old);
    chain_free(&again);
    tear_down();
}
END_TEST

START_TEST(rollover)
{
    const struct made *const *chain = CHAIN(&leaf, &middle);

    set_up();
    ck_assert_int_eq(verify(chain, "x", TLSA(record(3, 1, 1, &other), record(3, 1, 1, &leaf))),
                     MOXD_DANE_OK);
    ck_assert_int_eq(
        verify(CHAIN(&other), "x", TLSA(record(3, 1, 1, &other), record(3, 1, 1, &leaf))),
        MOXD_DANE_OK);
    ck_assert_int_eq(
        verify(chain, "mx.example", TLSA(record(3, 1, 1, &other), record(2, 1, 1, &middle))),
        MOXD_DANE_OK);
    ck_assert_int_eq(verify(chain, "x", TLSA(record(3, 1, 1, &other), record(3, 1, 1, &root))),
                     MOXD_DANE_NO_MATCH);
    tear_down();
}
END_TEST

/* RFC 7671 9: a weaker digest does not count beside a stronger one, a whole key or certificate does. */
START_TEST(digest_agility)
{
    const struct made *const *chain = CHAIN(&leaf);

    set_up();
    ck_assert_int_eq(verify(chain, "x", TLSA(record(3, 1, 1, &leaf), record(3, 1, 2, &other))),
                     MOXD_DANE_NO_MATCH);
    ck_assert_int_eq(verify(chain, "x", TLSA(record(3, 1, 2, &leaf), record(3, 1, 1, &other))),
                     MOXD_DANE_OK);
    ck_assert_int_eq(verify(chain, "x", TLSA(record(3, 1, 0, &leaf), record(3, 1, 2, &other))),
                     MOXD_DANE_OK);
    /* Of other selectors and usages it does. */
    ck_assert_int_eq(verify(chain, "x", TLSA(record(3, 1, 1, &leaf), record(3, 0, 2, &other))),
                     MOXD_DANE_OK);
    ck_assert_int_eq(verify(chain, "x", TLSA(record(3, 1, 1, &leaf), record(2, 1, 2, &other))),
                     MOXD_DANE_OK);
    /* One that is not usable is none. */
    struct moxd_tlsa cut = record(3, 1, 2, &other);
    cut.data.n--;
    ck_assert_int_eq(verify(chain, "x", TLSA(record(3, 1, 1, &leaf), cut)), MOXD_DANE_OK);
    tear_down();
}
END_TEST

/* RFC 7672 3.2.3 */
START_TEST(names_under_a_trust_anchor)
{
    const struct made *const *chain = CHAIN(&leaf, &middle);

    set_up();
    struct moxd_tlsa t = record(2, 0, 1, &middle);
    struct made cn = chain_make((struct make){ .subject = "cn.example", .issuer = &middle });

    ck_assert_int_eq(verify(chain, "MX.example", TLSA(t)), MOXD_DANE_OK);
    ck_assert_int_eq(verify(chain, "b.wild.example", TLSA(t)), MOXD_DANE_OK);
    ck_assert_int_eq(verify(chain, "a.b.wild.example", TLSA(t)), MOXD_DANE_HOST_MISMATCH);
    ck_assert_int_eq(verify(chain, "wild.example", TLSA(t)), MOXD_DANE_HOST_MISMATCH);
    ck_assert_int_eq(verify(chain, "example", TLSA(t)), MOXD_DANE_HOST_MISMATCH);
    /* The CN counts where there are no names of the kind. */
    ck_assert_int_eq(verify(chain, "leaf", TLSA(t)), MOXD_DANE_HOST_MISMATCH);
    ck_assert_int_eq(verify(CHAIN(&cn, &middle), "cn.example", TLSA(t)), MOXD_DANE_OK);
    chain_free(&cn);
    tear_down();
}
END_TEST

static void check_chain(struct make of_leaf, struct make of_ca, enum moxd_dane_result want)
{
    of_ca.subject = "ca";
    of_ca.ca = !of_ca.like;
    of_ca.like = NULL;
    of_ca.issuer = &root;
    struct made ca = chain_make(of_ca);
    of_leaf.subject = "mx.example";
    of_leaf.issuer = &ca;
    struct made l = chain_make(of_leaf);

    ck_assert_int_eq(verify(CHAIN(&l, &ca, &root), "mx.example", TLSA(record(2, 0, 1, &root))),
                     want);
    ck_assert_int_eq(verify(CHAIN(&l, &ca, &root), "mx.example", TLSA(record(2, 1, 2, &root))),
                     want);
    chain_free(&l);
    chain_free(&ca);
}

START_TEST(chains_below_a_trust_anchor)
{
    set_up();
    check_chain((struct make){ 0 }, (struct make){ 0 }, MOXD_DANE_OK);
    check_chain((struct make){ .days = -3 }, (struct make){ 0 }, MOXD_DANE_EXPIRED);
    check_chain((struct make){ 0 }, (struct make){ .days = -3 }, MOXD_DANE_EXPIRED);
    /* What is no CA signs nothing. */
    check_chain((struct make){ 0 }, (struct make){ .like = &root }, MOXD_DANE_NOT_TRUSTED);
    /* The anchor must be there, and it must have signed: no one else's certificate helps. */
    ck_assert_int_eq(verify(CHAIN(&leaf, &middle), "mx.example", TLSA(record(2, 0, 1, &root))),
                     MOXD_DANE_NO_MATCH);
    ck_assert_int_eq(verify(CHAIN(&leaf, &other), "mx.example", TLSA(record(2, 0, 1, &other))),
                     MOXD_DANE_NOT_TRUSTED);
    ck_assert_int_eq(verify(CHAIN(&leaf, &root), "mx.example", TLSA(record(2, 0, 1, &root))),
                     MOXD_DANE_NOT_TRUSTED);
    tear_down();
}
END_TEST

/* RFC 7671 5.2.2, 5.2.3: a whole certificate, or a bare key, stands in for what the server does not send. */
START_TEST(anchors_that_are_only_in_dns)
{
    set_up();
    ck_assert_int_eq(verify(CHAIN(&leaf, &middle), "mx.example", TLSA(record(2, 0, 0, &root))),
                     MOXD_DANE_OK);
    ck_assert_int_eq(verify(CHAIN(&leaf, &middle), "mx.example", TLSA(record(2, 1, 0, &root))),
                     MOXD_DANE_OK);
    ck_assert_int_eq(verify(CHAIN(&leaf), "mx.example", TLSA(record(2, 1, 0, &middle))),
                     MOXD_DANE_OK);
    ck_assert_int_eq(verify(CHAIN(&leaf), "none", TLSA(record(2, 1, 0, &middle))),
                     MOXD_DANE_HOST_MISMATCH);
    ck_assert_int_eq(verify(CHAIN(&leaf), "mx.example", TLSA(record(2, 1, 0, &root))),
                     MOXD_DANE_NO_MATCH);
    ck_assert_int_ne(verify(CHAIN(&leaf, &middle), "mx.example", TLSA(record(2, 0, 0, &other))),
                     MOXD_DANE_OK);
    ck_assert_int_eq(verify(CHAIN(&leaf, &middle), "mx.example", TLSA(record(2, 1, 0, &other))),
                     MOXD_DANE_NO_MATCH);
    tear_down();
}
END_TEST

/* RFC 7672 3.1.3; RFC 6698 4.1 */
START_TEST(unusable_records)
{
    set_up();
    for (unsigned usage = 0; usage <= 1; usage++) {
        struct moxd_tlsa t = record(usage, 1, 1, &leaf);
        ck_assert(!moxd_tlsa_usable(&t));
        ck_assert_int_eq(verify(CHAIN(&leaf), "mx.example", TLSA(t)), MOXD_DANE_NO_MATCH);
    }
    const struct moxd_tlsa good = record(3, 1, 1, &leaf);
    struct moxd_tlsa t = good;
    ck_assert(moxd_tlsa_usable(&t));
    t.usage = 255;
    ck_assert(!moxd_tlsa_usable(&t));
    t = good, t.selector = 2;
    ck_assert(!moxd_tlsa_usable(&t));
    t = good, t.matching = 3;
    ck_assert(!moxd_tlsa_usable(&t));
    t = good, t.matching = 2;
    ck_assert(!moxd_tlsa_usable(&t));
    t = good, t.data.n--;
    ck_assert(!moxd_tlsa_usable(&t));
    t = record(3, 0, 0, &leaf);
    ck_assert(moxd_tlsa_usable(&t));
    t.selector = 1;
    ck_assert(!moxd_tlsa_usable(&t));
    t.selector = 0, t.data.n--;
    ck_assert(!moxd_tlsa_usable(&t));
    tear_down();
}
END_TEST

/* A server may send anything. */
START_TEST(hostile_chains)
{
    const struct made *many[41] = { &leaf };
    struct moxd_str junk[] = { MOXD_STR("junk"), MOXD_STR(""), MOXD_STR("\x30\x82\xff\xff") };
    const struct moxd_tlsa *matched;

    set_up();
    struct moxd_tlsa t = record(2, 0, 1, &root), records[100];
    for (int i = 1; i < 40; i++)
        many[i] = &other;
    many[39] = &root;
    ck_assert_int_eq(verify(many, "mx.example", TLSA(t)), MOXD_DANE_NO_MATCH);
    struct moxd_dane_server s = { .chain = junk, .nchain = 3, .records = &t, .nrecords = 1 };
    ck_assert_int_eq(moxd_dane_verify(&s, &matched), MOXD_DANE_NO_MATCH);
    ck_assert_ptr_null(matched);
    s.nchain = 0;
    ck_assert_int_eq(moxd_dane_verify(&s, NULL), MOXD_DANE_NO_MATCH);
    for (int i = 0; i < 100; i++)
        records[i] = record(3, 1, 1, i < 31 ? &other : &leaf);
    ck_assert_int_eq(verify(CHAIN(&leaf), "x", records, 100), MOXD_DANE_OK);
    ck_assert_int_eq(verify(CHAIN(&leaf), "x", records, 31), MOXD_DANE_NO_MATCH);
    tear_down();
}
END_TEST

START_TEST(parses_and_writes_records)
{
    struct moxd_buf b = MOXD_BUF_INIT(1000);
    struct moxd_err err = { 0 };
    struct moxd_tlsa t;

    ck_assert_int_eq(moxd_tlsa_parse(MOXD_STR("\3\1\1\xab\xcd"), &t, &err), 0);
    moxd_tlsa_put(&b, &t);
    ck_assert_str_eq(moxd_buf_cstr(&b), "3 1 1 abcd");
    ck_assert_int_eq(moxd_tlsa_parse(MOXD_STR("\3\1\1"), &t, &err), -1);
    ck_assert_int_eq(moxd_tlsa_parse(MOXD_STR(""), &t, &err), -1);
    moxd_buf_fini(&b);
    ck_assert_int_eq(moxd_tlsa_usage_number("3"), 3);
    ck_assert_int_eq(moxd_tlsa_usage_number("dane-ta"), 2);
    ck_assert_int_eq(moxd_tlsa_usage_number("4"), -1);
    ck_assert_int_eq(moxd_tlsa_selector_number("spki"), 1);
    ck_assert_int_eq(moxd_tlsa_selector_number("2"), -1);
    ck_assert_int_eq(moxd_tlsa_matching_number("SHA2-512"), 2);
    ck_assert_int_eq(moxd_tlsa_matching_number("10"), -1);
}
END_TEST

START_TEST(makes_records)
{
    struct moxd_err err = { 0 };
    struct moxd_tlsa x, y, z, t;

    set_up();
    x = record(3, 1, 1, &leaf);
    ck_assert_int_eq(moxd_tlsa_make(3, 1, 1, chain_key_pem(&leaf, false, a), a, &y, &err), 0);
    ck_assert_int_eq(moxd_tlsa_make(3, 1, 1, chain_key_pem(&leaf, true, a), a, &z, &err), 0);
    ck_assert(moxd_str_eq(x.data, y.data) && moxd_str_eq(x.data, z.data));
    ck_assert_uint_eq(x.data.n, 32);
    ck_assert_int_eq(moxd_tlsa_make(3, 0, 1, chain_key_pem(&leaf, false, a), a, &t, &err), -1);
    ck_assert_int_eq(err.kind, MOXD_ERR_INVALID);
    ck_assert_int_eq(moxd_tlsa_make(3, 0, 1, MOXD_STR("nothing"), a, &t, &err), -1);
    ck_assert_int_eq(err.kind, MOXD_ERR_SYNTAX);
    ck_assert_int_eq(moxd_tlsa_make(4, 0, 1, chain_pem(&leaf, a), a, &t, &err), -1);
    tear_down();
}
END_TEST

UNIT_MAIN("dane", all_kinds_of_records, end_entity_alone_counts, rollover, digest_agility,
          names_under_a_trust_anchor, chains_below_a_trust_anchor, anchors_that_are_only_in_dns,
          unusable_records, hostile_chains, parses_and_writes_records, makes_records)
