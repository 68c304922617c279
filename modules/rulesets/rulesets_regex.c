/* Regular expressions (PCRE2), as Perl has them; case does not matter. Those that go back and forth for long are
 * stopped: doc/decisions/019-regular-expressions-of-users.md. */
#include "rulesets.h"

#define PCRE2_CODE_UNIT_WIDTH 8
#include <pcre2.h>
#include <stdlib.h>

struct rulesets_regex {
    pcre2_code *code;
    pcre2_match_context *limits;
    pcre2_match_data *data;
};

static pcre2_code *compile(struct moxd_str pattern, int *error, size_t *at)
{
    pcre2_compile_context *c = pcre2_compile_context_create(NULL);
    PCRE2_SIZE offset = 0;

    moxd_assert(c);
    pcre2_set_max_pattern_length(c, RULESETS_PATTERN_MAX);
    pcre2_set_parens_nest_limit(c, RULESETS_NESTING_MAX);
    pcre2_code *code = pcre2_compile((PCRE2_SPTR)pattern.p, pattern.n,
                                     PCRE2_CASELESS | PCRE2_UTF | PCRE2_MATCH_INVALID_UTF |
                                         PCRE2_NEVER_BACKSLASH_C,
                                     error, &offset, c);
    pcre2_compile_context_free(c);
    *at = offset;
    return code;
}

struct rulesets_regex *rulesets_regex_new(struct moxd_str pattern, struct moxd_err *err)
{
    PCRE2_UCHAR text[200];
    int error = 0;
    size_t at = 0;
    pcre2_code *code = compile(pattern, &error, &at);

    if (!code) {
        (void)pcre2_get_error_message(error, text, sizeof(text));
        (void)moxd_err_set(err, MOXD_ERR_INVALID, "no regular expression: %s, at character %zu",
                           (const char *)text, at + 1);
        return NULL;
    }
    struct rulesets_regex *re = moxd_xcalloc(1, sizeof(*re));
    re->code = code;
    re->limits = pcre2_match_context_create(NULL);
    re->data = pcre2_match_data_create(1, NULL);
    moxd_assert(re->limits && re->data);
    pcre2_set_match_limit(re->limits, RULESETS_STEPS_MAX);
    pcre2_set_depth_limit(re->limits, RULESETS_STEPS_MAX);
    pcre2_set_heap_limit(re->limits, RULESETS_HEAP_MAX);
    return re;
}

void rulesets_regex_free(struct rulesets_regex *re)
{
    if (!re)
        return;
    pcre2_match_data_free(re->data);
    pcre2_match_context_free(re->limits);
    pcre2_code_free(re->code);
    free(re);
}

void rulesets_regex_freep(struct rulesets_regex **re)
{
    rulesets_regex_free(*re);
}

int rulesets_regex_match(const struct rulesets_regex *re, struct moxd_str text)
{
    int rc = pcre2_match(re->code, (PCRE2_SPTR)(text.p ? text.p : ""), text.n, 0, 0, re->data,
                         re->limits);

    return rc >= 0 ? 1 : rc == PCRE2_ERROR_NOMATCH ? 0 : -1;
}
