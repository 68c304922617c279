/* Between the two halves of the conversion: the plan, and its execution. */
#ifndef MAIL_SEVENBIT_H
#define MAIL_SEVENBIT_H

#include <moxmail/sevenbit.h>
#include <moxmail/transfer.h>

enum mail_sevenbit_step {
    MAIL_SEVENBIT_COPY,
    MAIL_SEVENBIT_HEADER, /* of a part, with another Content-Transfer-Encoding */
    MAIL_SEVENBIT_ENCODE,
};
struct mail_sevenbit_segment {
    enum mail_sevenbit_step step;
    uint64_t from, to;   /* bytes of the message */
    enum moxd_cte cte;   /* the new one; 7BIT: none is told */
    const char *charset; /* HEADER: for a part that has no Content-Type */
    bool root;           /* HEADER of a message: MIME-Version belongs into it */
};

struct moxd_sevenbit {
    struct moxd_arena *a;
    struct mail_sevenbit_segment *v;
    size_t n, cap;
    size_t parts;
    bool remains;
    /* execution: */
    size_t at;
    uint64_t off; /* in the segment */
    bool begun;
    struct moxd_encode encode;
};

#endif
