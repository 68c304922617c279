/* Labels of charsets. Where mail means more than a label's registration says, the converter of the
 * WHATWG Encoding standard is taken: it is a superset of the registered one. */
#include "charset_names.h"

static const struct {
    const char *label;
    const char *name;
} aliases[] = {
    { "us-ascii", "UTF-8" },
    { "ascii", "UTF-8" },
    { "ansi_x3.4-1968", "UTF-8" },
    { "ansi_x3.4-1986", "UTF-8" },
    { "iso646-us", "UTF-8" },
    { "iso-ir-6", "UTF-8" },
    { "csascii", "UTF-8" },
    { "utf-8", "UTF-8" },
    { "utf8", "UTF-8" },
    { "csutf8", "UTF-8" },
    { "utf-8-mac", "UTF-8" },
    { "unicode-1-1-utf-8", "UTF-8" },
    { "x-unicode20utf8", "UTF-8" },
    { "unicode-1-1-utf-7", "UTF-7" },
    { "x-unicode-2-0-utf-7", "UTF-7" },
    { "csunicode11utf7", "UTF-7" },
    { "csutf7", "UTF-7" },
    { "unicode", "UTF-16" },
    { "ucs-2", "UTF-16" },
    { "csunicode", "UTF-16" },
    { "iso-10646-ucs-2", "UTF-16" },
    { "iso-8859-1", "CP1252" },
    { "iso8859-1", "CP1252" },
    { "iso88591", "CP1252" },
    { "iso_8859-1", "CP1252" },
    { "iso_8859-1:1987", "CP1252" },
    { "iso-ir-100", "CP1252" },
    { "csisolatin1", "CP1252" },
    { "latin1", "CP1252" },
    { "latin-1", "CP1252" },
    { "l1", "CP1252" },
    { "cp819", "CP1252" },
    { "ibm819", "CP1252" },
    { "x-cp1252", "CP1252" },
    { "x-ansi", "CP1252" },
    { "x-cp1250", "CP1250" },
    { "x-cp1251", "CP1251" },
    { "x-cp1253", "CP1253" },
    { "x-cp1254", "CP1254" },
    { "x-cp1255", "CP1255" },
    { "x-cp1256", "CP1256" },
    { "x-cp1257", "CP1257" },
    { "x-cp1258", "CP1258" },
    { "iso-8859-9", "CP1254" },
    { "iso8859-9", "CP1254" },
    { "iso88599", "CP1254" },
    { "iso_8859-9", "CP1254" },
    { "iso_8859-9:1989", "CP1254" },
    { "iso-ir-148", "CP1254" },
    { "csisolatin5", "CP1254" },
    { "latin5", "CP1254" },
    { "l5", "CP1254" },
    { "iso-8859-11", "CP874" },
    { "iso8859-11", "CP874" },
    { "iso885911", "CP874" },
    { "tis-620", "CP874" },
    { "windows-874", "CP874" },
    { "dos-874", "CP874" },
    { "iso-8859-8-i", "ISO-8859-8" },
    { "iso-8859-8-e", "ISO-8859-8" },
    { "csiso88598i", "ISO-8859-8" },
    { "csiso88598e", "ISO-8859-8" },
    { "logical", "ISO-8859-8" },
    { "visual", "ISO-8859-8" },
    { "iso-8859-6-i", "ISO-8859-6" },
    { "iso-8859-6-e", "ISO-8859-6" },
    { "shift_jis", "CP932" },
    { "shift-jis", "CP932" },
    { "sjis", "CP932" },
    { "x-sjis", "CP932" },
    { "ms_kanji", "CP932" },
    { "csshiftjis", "CP932" },
    { "ms932", "CP932" },
    { "x-ms-cp932", "CP932" },
    { "cswindows31j", "CP932" },
    { "euc-jp", "EUC-JP-MS" },
    { "x-euc-jp", "EUC-JP-MS" },
    { "cseucpkdfmtjapanese", "EUC-JP-MS" },
    { "iso-2022-jp", MAIL_CHARSET_JIS },
    { "iso-2022-jp-1", "ISO-2022-JP-2" },
    { "iso-2022-jp-ms", MAIL_CHARSET_JIS },
    { "csiso2022jp", MAIL_CHARSET_JIS },
    { "cp50220", MAIL_CHARSET_JIS },
    { "cp50221", MAIL_CHARSET_JIS },
    { "euc-kr", "CP949" },
    { "euckr", "CP949" },
    { "x-euc-kr", "CP949" },
    { "cseuckr", "CP949" },
    { "ks_c_5601-1987", "CP949" },
    { "ks_c_5601-1989", "CP949" },
    { "ksc5601", "CP949" },
    { "ksc_5601", "CP949" },
    { "ks_c_5601", "CP949" },
    { "csksc56011987", "CP949" },
    { "korean", "CP949" },
    { "iso-ir-149", "CP949" },
    { "windows-949", "CP949" },
    { "gb2312", "GB18030" },
    { "gb_2312", "GB18030" },
    { "gb_2312-80", "GB18030" },
    { "gbk", "GB18030" },
    { "x-gbk", "GB18030" },
    { "cp936", "GB18030" },
    { "windows-936", "GB18030" },
    { "ms936", "GB18030" },
    { "chinese", "GB18030" },
    { "csgb2312", "GB18030" },
    { "csiso58gb231280", "GB18030" },
    { "iso-ir-58", "GB18030" },
    { "euc-cn", "GB18030" },
    { "x-euc-cn", "GB18030" },
    { "cn-gb", "GB18030" },
    { "big5", "BIG5-HKSCS" },
    { "cn-big5", "BIG5-HKSCS" },
    { "csbig5", "BIG5-HKSCS" },
    { "x-x-big5", "BIG5-HKSCS" },
    { "big5-tw", "BIG5-HKSCS" },
    { "dos-862", "CP862" },
    { "dos-866", "CP866" },
    { "dos-720", "CP720" },
    { "koi", "KOI8-R" },
    { "koi8", "KOI8-R" },
    { "x-koi8-r", "KOI8-R" },
    { "x-mac-roman", "MACINTOSH" },
    { "x-mac-cyrillic", "MAC-CYRILLIC" },
    { "x-mac-ukrainian", "MAC-UK" },
    { "x-mac-ce", "MAC-CENTRALEUROPE" },
};

/* The converter's own or stateless-host names, whose meaning depends on the machine. */
static const char *const refused[] = { "internal", "wchar_t", "char", "ucs4", "ucs-4" };

static bool is_name_char(char c)
{
    return moxd_is_alpha(c) || moxd_is_digit(c) || (c && strchr("-_.:+()", c));
}

static bool is_name(struct moxd_str s)
{
    if (s.n == 0 || s.n > MOXD_CHARSET_NAME_MAX)
        return false;
    for (size_t i = 0; i < s.n; i++)
        if (!is_name_char(s.p[i]))
            return false;
    return true;
}

const char *mail_charset_name(struct moxd_str label, char buf[MOXD_CHARSET_NAME_MAX + 1])
{
    label = moxd_str_trim(label);
    if (label.n == 0)
        return "UTF-8";
    for (size_t i = 0; i < MOXD_NELEMS(aliases); i++)
        if (moxd_str_caseeqs(label, aliases[i].label))
            return aliases[i].name;
    for (size_t i = 0; i < MOXD_NELEMS(refused); i++)
        if (moxd_str_caseeqs(label, refused[i]))
            return NULL;
    if (!is_name(label) || moxd_str_copy(label, buf, MOXD_CHARSET_NAME_MAX + 1))
        return NULL;
    return buf;
}
