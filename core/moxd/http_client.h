/* HTTP client (RFC 9110): one request, one response, in straight lines. By libcurl in the loop; names are looked up
 * by our resolver, certificates checked with what the configuration trusts (moxd_tls_trust). */
#ifndef MOXD_HTTP_CLIENT_H
#define MOXD_HTTP_CLIENT_H

#include <moxd/arena.h>
#include <moxd/err.h>
#include <moxd/fiber.h>

enum {
    MOXD_HTTP_REDIRECTS_MAX = 10,
    MOXD_HTTP_ADDRESSES_MAX = 16, /* of a host that are tried */
};

struct moxd_http_request {
    const char *url;            /* "https://host[:port]/path"; "http://" too with `plain` */
    const char *method;         /* NULL: GET, or POST with a body */
    const char *const *headers; /* "Name: value"; NULL-ended; or NULL */
    struct moxd_str body;       /* stays the caller's */
    bool plain;                 /* http:// is allowed */
    unsigned redirects;         /* how many are followed; a GET stays one, others are not followed */
    size_t max;                 /* bytes of the response's body */
    int64_t deadline;           /* for all of it */
};
struct moxd_http_response {
    int status;               /* 200, ... */
    const char *content_type; /* "" when there is none */
    struct moxd_str body;
};
/* Fetches. The response lives in the arena. 0 with any status; else INVALID: the URL; NOTFOUND: no such host, or it
 * has no addresses; TEMP: DNS does not answer; DENIED: its certificate does not prove that it is the host (PKIX, names in
 * subjectAltName only: RFC 6125); LIMIT: the response is larger than max; TIMEOUT; CANCELLED; CLOSED: no
 * connection, or it broke off, or it is no HTTP. The text says what is wrong. */
int moxd_http_fetch(const struct moxd_http_request *req, struct moxd_arena *a,
                    struct moxd_http_response *out, struct moxd_err *err) MOXD_CHECKED
    MOXD_SUSPENDS;

#endif
