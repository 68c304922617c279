/* The address cases of tests/data/isemail, read from their XML line by line. */
#ifndef MOXD_UNIT_ISEMAIL_H
#define MOXD_UNIT_ISEMAIL_H

#include <moxd/enc.h>

#include <stdio.h>

enum { ISEMAIL_CASES = 164 };

struct isemail_case {
    int id;
    struct moxd_buf address;
    char category[64];
};

static inline void isemail_put(struct moxd_buf *b, unsigned c)
{
    if (c >= 0x2400 && c < 0x2420)
        moxd_buf_addc(b, (char)(c - 0x2400));
    else
        moxd_buf_addc(b, (char)c); /* U+00A9 and below: as one octet */
}

/* Text with &amp; and the like; the file itself is UTF-8, but has no such characters in addresses. */
static inline void isemail_text(struct moxd_buf *b, const char *p, const char *end)
{
    static const struct {
        const char *name;
        char c;
    } names[] = { { "&amp;", '&' }, { "&lt;", '<' }, { "&gt;", '>' }, { "&quot;", '"' } };
    while (p < end) {
        size_t i = 0;
        while (i < MOXD_NELEMS(names) && strncmp(p, names[i].name, strlen(names[i].name)) != 0)
            i++;
        unsigned c = (unsigned char)*p;
        if (i < MOXD_NELEMS(names)) {
            c = (unsigned char)names[i].c;
            p = strchr(p, ';');
        } else if (sscanf(p, "&#x%x;", &c) == 1 || sscanf(p, "&#%u;", &c) == 1) {
            p = strchr(p, ';');
        }
        isemail_put(b, c);
        p++;
    }
}

/* Reads the next case; false at the end. The caller frees the address. */
static inline bool isemail_next(FILE *f, struct isemail_case *out)
{
    char line[4096];
    *out = (struct isemail_case){ .address = MOXD_BUF_INIT(SIZE_MAX) };
    while (fgets(line, sizeof line, f) != NULL) {
        char *at;
        (void)sscanf(line, " <test id=\"%d\">", &out->id);
        (void)sscanf(line, " <category>%63[A-Z0-9_]", out->category);
        if ((at = strstr(line, "<address>")) != NULL)
            isemail_text(&out->address, at + strlen("<address>"), strstr(at, "</address>"));
        if (strstr(line, "</test>") != NULL)
            return true;
    }
    return false;
}

static inline FILE *isemail_open(void)
{
    const char *dir = getenv("MOXD_SRCDIR");
    char *path MOXD_CLEANUP(moxd_freep) =
        moxd_xasprintf("%s/tests/data/isemail/tests.xml", dir != NULL ? dir : ".");
    FILE *f = fopen(path, "r");
    ck_assert_msg(f != NULL, "cannot open %s", path);
    return f;
}

#endif
