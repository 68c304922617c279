/* Writing key records, and text records for zone files. */
#include "dkim.h"

#include <moxd/enc.h>

static void put_tag(struct moxd_buf *b, const char *tag, struct moxd_str value)
{
    if (value.p == NULL)
        return;
    moxd_buf_adds(b, tag);
    moxd_buf_addstr(b, value);
}

void moxd_dkim_key_put(struct moxd_buf *b, const struct moxd_dkim_key *key)
{
    moxd_buf_adds(b, "v=DKIM1");
    put_tag(b, ";h=", key->hashes);
    if (key->type == MOXD_DKIM_KEY_ED25519)
        moxd_buf_adds(b, ";k=ed25519");
    put_tag(b, ";s=", key->services);
    if (key->testing || key->strict)
        moxd_buf_addf(b, ";t=%s", !key->strict ? "y" : key->testing ? "y:s" : "s");
    put_tag(b, ";n=", key->notes);
    moxd_buf_adds(b, ";p=");
    moxd_b64_encode(b, key->p);
}

/* <character-string> of RFC 1035 5.1. */
static void put_string(struct moxd_buf *b, struct moxd_str s)
{
    moxd_buf_addc(b, '"');
    for (size_t i = 0; i < s.n; i++) {
        unsigned char c = (unsigned char)s.p[i];
        if (c < 32 || c >= 127)
            moxd_buf_addf(b, "\\%03u", c);
        else if (c == '"' || c == '\\')
            moxd_buf_addf(b, "\\%c", c);
        else
            moxd_buf_addc(b, (char)c);
    }
    moxd_buf_addc(b, '"');
}

void moxd_dkim_txt_put(struct moxd_buf *b, struct moxd_str text)
{
    if (text.n <= MOXD_DKIM_TXT_STRING) {
        put_string(b, text);
        return;
    }
    moxd_buf_adds(b, "(\n");
    for (; text.n > 0; text = moxd_str_from(text, MOXD_DKIM_TXT_STRING)) {
        moxd_buf_adds(b, "\t\t");
        put_string(b, moxd_str_sub(text, 0, MOXD_DKIM_TXT_STRING));
        moxd_buf_addc(b, '\n');
    }
    moxd_buf_adds(b, "\t)");
}
