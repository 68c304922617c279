/* The HTTP client: what is asked for becomes options of curl, and curl's errors ours. */
#include "http/http_priv.h"
#include "tls/tls_priv.h"

#include <moxd/version.h>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>
#include <stdio.h>

enum { HEADERS_MAX = 64 };

/* A URL in its parts. */
struct place {
    const char *url, *host;
    unsigned port;
};
struct exchange {
    const struct moxd_http_request *req;
    struct place at;
    CURL *easy;
    struct curl_slist *headers, *resolve;
    struct moxd_buf body;
    char error[CURL_ERROR_SIZE];
};

/* ---- URLs */

static const char *part(CURLU *u, CURLUPart what, unsigned flags, struct moxd_arena *a)
{
    const char *copy = NULL;
    char *s = NULL;

    if (curl_url_get(u, what, &s, flags) == CURLUE_OK)
        copy = moxd_arena_strdup(a, s);
    curl_free(s);
    return copy;
}

/* The host without the brackets of IPv6. */
static const char *host_of(CURLU *u, struct moxd_arena *a)
{
    const char *host = part(u, CURLUPART_HOST, 0, a);
    size_t n = host ? strlen(host) : 0;

    return n > 2 && host[0] == '[' ? moxd_arena_cstr(a, moxd_str(host + 1, n - 2)) : host;
}

static int parse(const char *url, bool plain, struct moxd_arena *a, struct place *out,
                 struct moxd_err *err)
{
    CURLU *u = curl_url();
    int rc = -1;

    if (u && curl_url_set(u, CURLUPART_URL, url, 0) == CURLUE_OK) {
        const char *scheme = part(u, CURLUPART_SCHEME, 0, a);
        const char *port = part(u, CURLUPART_PORT, CURLU_DEFAULT_PORT, a);
        uint64_t n = 0;
        *out = (struct place){ .url = moxd_arena_strdup(a, url), .host = host_of(u, a) };
        if (scheme && (strcmp(scheme, "https") == 0 || (plain && strcmp(scheme, "http") == 0)) &&
            out->host && port && !part(u, CURLUPART_USER, 0, a))
            rc = moxd_str_u64(moxd_cstr(port), 65535, &n);
        out->port = (unsigned)n;
    }
    curl_url_cleanup(u);
    return rc == 0
               ? 0
               : moxd_err_set(err, MOXD_ERR_INVALID, "%.200s is no URL that can be fetched", url);
}

/* ---- called by curl */

static size_t on_body(char *p, size_t size, size_t n, void *arg)
{
    struct exchange *x = arg;

    moxd_buf_add(&x->body, p, size * n);
    return x->body.overflow ? 0 : size * n;
}

/* Who is trusted is decided in one place; the name must be in the certificate's subjectAltName. */
static CURLcode on_ssl_ctx(CURL *easy, void *ctx, void *arg)
{
    const struct exchange *x = arg;
    X509_VERIFY_PARAM *param = SSL_CTX_get0_param(ctx);

    (void)easy;
    if (core_tls_use_trust(ctx, NULL) < 0)
        return CURLE_SSL_CACERT_BADFILE;
    X509_VERIFY_PARAM_set_hostflags(param, X509_CHECK_FLAG_NEVER_CHECK_SUBJECT |
                                               X509_CHECK_FLAG_NO_PARTIAL_WILDCARDS);
    int ok = core_is_ip(x->at.host) ? X509_VERIFY_PARAM_set1_ip_asc(param, x->at.host)
                                    : X509_VERIFY_PARAM_set1_host(param, x->at.host, 0);
    return ok == 1 ? CURLE_OK : CURLE_OUT_OF_MEMORY;
}

/* ---- one exchange */

static void set_options(struct exchange *x)
{
    const struct moxd_http_request *req = x->req;
    CURL *e = x->easy;

    (void)curl_easy_setopt(e, CURLOPT_URL, x->at.url);
    (void)curl_easy_setopt(e, CURLOPT_PROTOCOLS_STR, req->plain ? "http,https" : "https");
    (void)curl_easy_setopt(e, CURLOPT_PROXY, ""); /* not what is in the environment */
    (void)curl_easy_setopt(e, CURLOPT_NOSIGNAL, 1L);
    (void)curl_easy_setopt(e, CURLOPT_FOLLOWLOCATION, 0L);
    (void)curl_easy_setopt(e, CURLOPT_ERRORBUFFER, x->error);
    (void)curl_easy_setopt(e, CURLOPT_WRITEFUNCTION, on_body);
    (void)curl_easy_setopt(e, CURLOPT_WRITEDATA, x);
    (void)curl_easy_setopt(e, CURLOPT_USERAGENT, "moxd/" PACKAGE_VERSION);
    (void)curl_easy_setopt(e, CURLOPT_CAINFO, NULL);
    (void)curl_easy_setopt(e, CURLOPT_CAPATH, NULL);
    (void)curl_easy_setopt(e, CURLOPT_SSLVERSION, (long)CURL_SSLVERSION_TLSv1_2);
    (void)curl_easy_setopt(e, CURLOPT_SSL_CTX_FUNCTION, on_ssl_ctx);
    (void)curl_easy_setopt(e, CURLOPT_SSL_CTX_DATA, x);
    (void)curl_easy_setopt(e, CURLOPT_HTTPHEADER, x->headers);
    (void)curl_easy_setopt(e, CURLOPT_RESOLVE, x->resolve);
    if (req->body.p) {
        (void)curl_easy_setopt(e, CURLOPT_POSTFIELDSIZE_LARGE, (curl_off_t)req->body.n);
        (void)curl_easy_setopt(e, CURLOPT_POSTFIELDS, req->body.p);
    }
    if (req->method)
        (void)curl_easy_setopt(e, CURLOPT_CUSTOMREQUEST, req->method);
}

static const struct {
    CURLcode code;
    enum moxd_err_kind kind;
} kinds[] = {
    { CURLE_PEER_FAILED_VERIFICATION, MOXD_ERR_DENIED },
    { CURLE_OPERATION_TIMEDOUT, MOXD_ERR_TIMEOUT },
    { CURLE_COULDNT_RESOLVE_HOST, MOXD_ERR_NOTFOUND },
    { CURLE_URL_MALFORMAT, MOXD_ERR_INVALID },
};

static int fail(const struct exchange *x, int r, CURLcode code, struct moxd_err *err)
{
    const char *text = *x->error ? x->error : curl_easy_strerror(code);
    enum moxd_err_kind kind = MOXD_ERR_CLOSED;

    if (r == MOXD_CANCELLED)
        return moxd_err_set(err, MOXD_ERR_CANCELLED, "cancelled");
    if (r == MOXD_TIMEOUT)
        return moxd_err_set(err, MOXD_ERR_TIMEOUT, "%s took too long", x->at.host);
    if (x->body.overflow)
        return moxd_err_set(err, MOXD_ERR_LIMIT, "the response is larger than %zu bytes",
                            x->req->max);
    for (size_t i = 0; i < MOXD_NELEMS(kinds); i++)
        if (kinds[i].code == code)
            kind = kinds[i].kind;
    return moxd_err_set(err, kind, "%s: %s", x->at.host, text);
}

static void take_response(struct exchange *x, struct moxd_arena *a, struct moxd_http_response *out)
{
    const char *type = NULL;
    long status = 0;

    (void)curl_easy_getinfo(x->easy, CURLINFO_RESPONSE_CODE, &status);
    (void)curl_easy_getinfo(x->easy, CURLINFO_CONTENT_TYPE, &type);
    *out = (struct moxd_http_response){ .status = (int)status,
                                        .content_type = moxd_arena_strdup(a, type ? type : ""),
                                        .body = moxd_arena_str(a, moxd_buf_str(&x->body)) };
}

/* *next: where a redirection leads, or NULL. */
static int exchange(struct exchange *x, struct moxd_arena *a, struct moxd_http_response *out,
                    const char **next, struct moxd_err *err)
{
    const char *addresses = NULL, *location = NULL;
    CURLcode code;

    if (core_http_resolve(x->at.host, x->at.port, x->req->deadline, a, &addresses, err) < 0)
        return -1;
    if (addresses)
        x->resolve = curl_slist_append(NULL, addresses);
    for (size_t i = 0; x->req->headers && x->req->headers[i] && i < HEADERS_MAX; i++)
        x->headers = curl_slist_append(x->headers, x->req->headers[i]);
    x->easy = curl_easy_init();
    if (!x->easy)
        moxd_panic("out of memory for HTTP");
    set_options(x);
    int r = core_http_drive(x->easy, x->req->deadline, &code);
    if (r != MOXD_OK || code != CURLE_OK)
        return fail(x, r, code, err);
    take_response(x, a, out);
    (void)curl_easy_getinfo(x->easy, CURLINFO_REDIRECT_URL, &location);
    *next = location ? moxd_arena_strdup(a, location) : NULL;
    return 0;
}

static void exchange_fini(struct exchange *x)
{
    curl_easy_cleanup(x->easy);
    curl_slist_free_all(x->headers);
    curl_slist_free_all(x->resolve);
    moxd_buf_fini(&x->body);
}

static void setup(void)
{
    static bool done;

    if (!done && curl_global_init(CURL_GLOBAL_DEFAULT) != CURLE_OK)
        moxd_panic("libcurl cannot be used");
    done = true;
}

int moxd_http_fetch(const struct moxd_http_request *req, struct moxd_arena *a,
                    struct moxd_http_response *out, struct moxd_err *err)
{
    const char *url = req->url, *next = NULL;
    unsigned left =
        req->redirects < MOXD_HTTP_REDIRECTS_MAX ? req->redirects : MOXD_HTTP_REDIRECTS_MAX;

    setup();
    for (;;) {
        struct exchange x = { .req = req, .body = MOXD_BUF_INIT(req->max) };
        int rc = parse(url, req->plain, a, &x.at, err);
        if (rc == 0)
            rc = exchange(&x, a, out, &next, err);
        exchange_fini(&x);
        if (rc < 0 || !next || left == 0 || req->body.p || req->method)
            return rc;
        left--;
        url = next;
    }
}
