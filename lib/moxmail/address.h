/* Addresses as SMTP writes them (RFC 5321 4.1.2 and 4.1.3, RFC 6531 3.3): mailboxes, paths, domains,
 * address literals; their canonical forms; how they are written and logged; xtext. Pure.
 *
 * Parsed strings live in the arena that is passed in and are NUL-terminated there. Localparts are kept
 * unquoted and in Unicode NFC, so that all ways to write one are one (RFC 5321 4.1.2); domains are kept
 * as A-labels and as U-labels, both in lower case. Errors carry a 501 or 553 reply with its enhanced
 * code, and a text for the peer that says what is wrong. */
#ifndef MOXMAIL_ADDRESS_H
#define MOXMAIL_ADDRESS_H

#include <moxd/arena.h>
#include <moxd/buf.h>
#include <moxd/err.h>

enum {
    MOXD_LOCALPART_MAX = 64, /* octets as written (RFC 5321 4.5.3.1.1), in pedantic mode */
    MOXD_LOCALPART_MAX_LENIENT =
        255,                /* else: bounce addresses that encode a recipient are longer */
    MOXD_DOMAIN_MAX = 255,  /* octets, as U-labels or A-labels (RFC 5321 4.5.3.1.2) */
    MOXD_LABEL_MAX = 63,    /* octets of an A-label (RFC 1035 2.3.4) */
    MOXD_MAILBOX_MAX = 254, /* a path of 256 without its <> (4.5.3.1.3), in pedantic mode */
    MOXD_ROUTE_MAX = 1000,  /* octets of a source route, which is ignored */
};

enum moxd_address_flags {
    MOXD_ADDRESS_UTF8 = 1,       /* UTF-8 localparts and U-labels are allowed (RFC 6531 3.3) */
    MOXD_ADDRESS_BARE_IPV6 = 2,  /* "[2001:db8::1]" is read as "[IPv6:2001:db8::1]" (SMTPIN-05) */
    MOXD_ADDRESS_PEDANTIC = 4,   /* lengths exactly as RFC 5321 4.5.3.1 has them */
    MOXD_ADDRESS_UNDERSCORE = 8, /* "_" in ASCII labels: names of DNS, not of hosts */
};

struct moxd_domain {
    struct moxd_str ascii; /* "xn--bcher-kva.example", "[192.0.2.1]", "[IPv6:2001:db8::1]" */
    struct moxd_str utf8;  /* "bücher.example"; the same as ascii when there is no other form */
    unsigned char ip[16];  /* of an address literal, network order */
    unsigned ip_len;       /* 4 or 16; 0: a domain name */
};

/* A mailbox or a path. The null path <> has an empty localpart and an empty domain; <Postmaster> only
 * an empty domain (RFC 5321 4.1.1.3). The localpart `""` is empty and has a domain. */
struct moxd_address {
    struct moxd_str localpart;
    struct moxd_domain domain;
};

static inline bool moxd_address_is_null(const struct moxd_address *ad)
{
    return ad->localpart.n == 0 && ad->domain.ascii.n == 0;
}

/* Domain name or address literal; the whole of s. */
int moxd_domain_parse(struct moxd_str s, unsigned flags, struct moxd_arena *a,
                      struct moxd_domain *out, struct moxd_err *err) MOXD_CHECKED;
/* Whether it is a domain name, as directives hold one: U-labels are allowed, address literals are not. */
int moxd_domain_check(struct moxd_str s, struct moxd_err *err) MOXD_CHECKED;
/* Mailbox = Local-part "@" ( Domain / address-literal ); the whole of s. */
int moxd_address_parse(struct moxd_str s, unsigned flags, struct moxd_arena *a,
                       struct moxd_address *out, struct moxd_err *err) MOXD_CHECKED;
/* Local-part, the whole of s: dot-string or quoted string, out unquoted. */
int moxd_localpart_parse(struct moxd_str s, unsigned flags, struct moxd_arena *a,
                         struct moxd_str *out, struct moxd_err *err) MOXD_CHECKED;
/* Consumes `"<" [ A-d-l ":" ] Mailbox ">"` at the start of *s; source routes are ignored. `<>` and
 * `<Postmaster>` are accepted too: the caller says which of them it wants. */
int moxd_path_take(struct moxd_str *s, unsigned flags, struct moxd_arena *a,
                   struct moxd_address *out, struct moxd_err *err) MOXD_CHECKED;
/* An address from an unquoted localpart and a domain, both checked. */
int moxd_address_make(struct moxd_str localpart, struct moxd_str domain, unsigned flags,
                      struct moxd_arena *a, struct moxd_address *out,
                      struct moxd_err *err) MOXD_CHECKED;

bool moxd_domain_eq(const struct moxd_domain *a, const struct moxd_domain *b);
/* Localparts compare by octets; for those of our own domains see moxd_localpart_canonical. */
bool moxd_address_eq(const struct moxd_address *a, const struct moxd_address *b);
/* Whether it can only be sent with SMTPUTF8: the localpart is not ASCII. (A domain always has its
 * A-label form.) */
bool moxd_address_needs_utf8(const struct moxd_address *ad);

/* How a domain of ours tells its localparts apart. */
struct moxd_localpart_rules {
    const char *const *separators; /* "+", "-": what follows the first one found is ignored */
    size_t nseparators;
    bool case_sensitive;
};
/* The form in which a localpart of a domain is looked up: cut at the separator, in lower case unless
 * case-sensitive. */
struct moxd_str moxd_localpart_canonical(struct moxd_str localpart,
                                         const struct moxd_localpart_rules *rules,
                                         struct moxd_arena *a);
/* Whether one of the separators is in the localpart (CORE-23). */
bool moxd_localpart_has_separator(struct moxd_str localpart,
                                  const struct moxd_localpart_rules *rules);

/* Appends as SMTP writes it, with the minimum of quoting. `utf8`: U-labels instead of A-labels. The null
 * path gives nothing. No <>. */
void moxd_localpart_put(struct moxd_buf *b, struct moxd_str localpart);
void moxd_address_put(struct moxd_buf *b, const struct moxd_address *ad, bool utf8);
/* The same as a string in the arena. */
struct moxd_str moxd_address_text(const struct moxd_address *ad, bool utf8, struct moxd_arena *a);

/* Append the form for log lines (LOG-04): as written, and when that is not plain ASCII, "/" and a form
 * that is: `ü@bücher.example/"\u00fc"@xn--bcher-kva.example`. */
void moxd_localpart_log(struct moxd_buf *b, struct moxd_str localpart);
void moxd_domain_log(struct moxd_buf *b, const struct moxd_domain *d);
void moxd_address_log(struct moxd_buf *b, const struct moxd_address *ad);
/* The same of text that may be an address or a localpart, and is logged whatever it is: a login name. */
void moxd_name_log(struct moxd_buf *b, struct moxd_str name);

/* xtext (RFC 3461 4): printable ASCII without "+" and "=", other octets as "+" and two upper-case hex
 * digits. Decoding gives -1 for anything else, or when the result does not fit. */
void moxd_xtext_put(struct moxd_buf *b, struct moxd_str s);
int moxd_xtext_decode(struct moxd_buf *b, struct moxd_str s) MOXD_CHECKED;
/* The address of an ORCPT of type utf-8 as sent, any of its three forms: UTF-8, with \x{HEX} (RFC 6533
 * 3). -1 as above, also for \x{} of a control character. */
int moxd_utf8_addr_decode(struct moxd_buf *b, struct moxd_str s) MOXD_CHECKED;

#endif
