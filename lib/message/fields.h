/* Collects the values of the header fields that a structure needs, line by line. */
#ifndef MAIL_FIELDS_H
#define MAIL_FIELDS_H

#include <moxmail/message.h>

/* The fields of an envelope (enum moxd_env_field) come first, then these. */
enum {
    MAIL_F_TYPE = MOXD_ENV_N,
    MAIL_F_CTE,
    MAIL_F_DISPOSITION,
    MAIL_F_ID,
    MAIL_F_DESCRIPTION,
    MAIL_F_LANGUAGE,
    MAIL_F_LOCATION,
    MAIL_F_MD5,
    MAIL_F_N,
};

struct mail_fields {
    struct moxd_buf val[MAIL_F_N]; /* unfolded values of the header under way */
    bool present[MAIL_F_N];
    int cur;        /* field that the next line may continue, -1 for one that nobody needs */
    bool root;      /* header of a message: the envelope is needed too */
    bool limited;   /* a limit was met, since init */
    uint32_t count; /* fields in this header */
    uint64_t bytes; /* bytes of this header */
    size_t kept;    /* bytes handed out by mail_fields_take since init */
};

enum mail_line_kind {
    MAIL_LINE_FIELD, /* belongs to the header */
    MAIL_LINE_BLANK, /* ends it */
    MAIL_LINE_BODY,  /* the header has no blank line: the body begins here */
};

void mail_fields_init(struct mail_fields *f);
void mail_fields_fini(struct mail_fields *f);
/* A new header begins. */
void mail_fields_begin(struct mail_fields *f, bool root);
/* Takes a line, or a piece of one (`start`: its beginning; eol: length of its line end, 0 if none).
 * A line that is no field ends the header only when it is the very first. */
enum mail_line_kind mail_fields_line(struct mail_fields *f, struct moxd_str line, bool start,
                                     size_t eol);
/* The value of a field, in the arena; p is NULL when it is absent. */
struct moxd_str mail_fields_take(struct mail_fields *f, struct moxd_arena *a, int field);
struct moxd_envelope *mail_fields_envelope(struct mail_fields *f, struct moxd_arena *a);
/* "From " at the start of a mailbox file's message, quoted or not: neither field nor body. */
bool mail_is_mbox_line(struct moxd_str line);

#endif
