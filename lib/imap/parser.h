/* The cursor that all IMAP parsers share. Functions return 0 or -1 with *p->err set; once failed, the
 * text of the first error stays. */
#ifndef MAIL_IMAP_PARSER_H
#define MAIL_IMAP_PARSER_H

#include <moxd/buf.h>
#include <moxmail/imap_syntax.h>

struct imap_parser {
    struct moxd_str rest;  /* what is not parsed yet */
    size_t total;          /* length of the whole, for columns */
    struct moxd_arena *a;
    struct moxd_err *err;
    size_t nfields;        /* header fields named so far */
    size_t nnames;         /* mailboxes named in filters so far */
    bool condstore;        /* something of RFC 7162 was met */
    bool seqs;             /* SEARCH: message numbers were */
};

int mail_imap_fail(struct imap_parser *p, const char *expected);
int mail_imap_limit(struct imap_parser *p, const char *what);
bool mail_imap_at_end(const struct imap_parser *p);
bool mail_imap_peek(const struct imap_parser *p, char c);
bool mail_imap_take(struct imap_parser *p, char c);           /* consumes c when it is next */
bool mail_imap_take_word(struct imap_parser *p, const char *word); /* case-insensitive, whole text */
int mail_imap_expect(struct imap_parser *p, char c, const char *expected);
int mail_imap_space(struct imap_parser *p);
int mail_imap_end(struct imap_parser *p);
/* 1*ATOM-CHAR / 1*ASTRING-CHAR; never empty. */
int mail_imap_atom(struct imap_parser *p, struct moxd_str *out);
int mail_imap_astring(struct imap_parser *p, struct moxd_str *out);
int mail_imap_string(struct imap_parser *p, struct moxd_str *out);
int mail_imap_literal8(struct imap_parser *p, struct moxd_str *out);        /* any bytes */
int mail_imap_nstring(struct imap_parser *p, struct moxd_str *out); /* NIL: p NULL */
int mail_imap_list_mailbox(struct imap_parser *p, struct moxd_str *out);
int mail_imap_number(struct imap_parser *p, uint64_t max, uint64_t *out);
int mail_imap_nz_number(struct imap_parser *p, uint32_t *out);
int mail_imap_set(struct imap_parser *p, struct moxd_imap_set *out);
int mail_imap_seq_number(struct imap_parser *p, struct moxd_imap_set *out); /* a set of one */
int mail_imap_flag_list(struct imap_parser *p, struct moxd_imap_list *out); /* parenthesized */
int mail_imap_flags(struct imap_parser *p, struct moxd_imap_list *out);     /* either form */
int mail_imap_date(struct imap_parser *p, int32_t *day);
int mail_imap_date_time(struct imap_parser *p, struct moxd_imap_date *out);
int mail_imap_status_atts(struct imap_parser *p, unsigned *out);            /* with parentheses */
int mail_imap_section(struct imap_parser *p, bool binary, struct moxd_imap_section *out);
int mail_imap_fetch_items(struct imap_parser *p, struct moxd_imap_cmd *cmd);
int mail_imap_search(struct imap_parser *p, struct moxd_imap_cmd *cmd);
/* [RETURN (...) SP] and search-key *(SP search-key), for all that search. */
int mail_imap_return_opts(struct imap_parser *p, struct moxd_imap_cmd *cmd);
int mail_imap_partial(struct imap_parser *p, struct moxd_imap_partial *out);
int mail_imap_search_keys(struct imap_parser *p, struct moxd_imap_cmd *cmd);
int mail_imap_sort(struct imap_parser *p, struct moxd_imap_cmd *cmd);
int mail_imap_thread(struct imap_parser *p, struct moxd_imap_cmd *cmd);
int mail_imap_getmetadata(struct imap_parser *p, struct moxd_imap_cmd *c);
int mail_imap_setmetadata(struct imap_parser *p, struct moxd_imap_cmd *c);
int mail_imap_entries(struct imap_parser *p, struct moxd_imap_metadata *m);
int mail_imap_setquota(struct imap_parser *p, struct moxd_imap_cmd *c);
int mail_imap_append(struct imap_parser *p, struct moxd_imap_append *ap);
/* RFC 7162: a modification sequence of at least min; what may follow a mailbox, FETCH items, the set of STORE
 * (with the space before or after it); the argument of MODSEQ. */
int mail_imap_modseq(struct imap_parser *p, uint64_t min, uint64_t *out);
int mail_imap_select_params(struct imap_parser *p, struct moxd_imap_cmd *c);
int mail_imap_fetch_modifiers(struct imap_parser *p, struct moxd_imap_cmd *c);
int mail_imap_store_modifiers(struct imap_parser *p, struct moxd_imap_cmd *c);
int mail_imap_search_modseq(struct imap_parser *p, uint64_t *out);
/* RFC 4314: mailbox and identifier, then also rights, each with a space in front. */
int mail_imap_acl_identifier(struct imap_parser *p, struct moxd_imap_cmd *c);
int mail_imap_acl_change(struct imap_parser *p, struct moxd_imap_cmd *c);
/* RFC 5465: what follows NOTIFY. RFC 7377: [IN (...) SP]. */
int mail_imap_notify(struct imap_parser *p, struct moxd_imap_cmd *c);
int mail_imap_sources(struct imap_parser *p, struct moxd_imap_cmd *c);
int mail_imap_list_args(struct imap_parser *p, struct moxd_imap_cmd *cmd);
void mail_imap_list_add(struct imap_parser *p, struct moxd_imap_list *l, size_t *cap,
                        struct moxd_str s);

#endif
