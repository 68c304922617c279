/* The parts of the HTTP client. */
#ifndef MOXD_CORE_HTTP_PRIV_H
#define MOXD_CORE_HTTP_PRIV_H

#include <curl/curl.h>
#include <moxd/http_client.h>

/* drive.c: runs the transfer of an easy handle in the loop until it ends. *code is curl's result; MOXD_TIMEOUT
 * or MOXD_CANCELLED when it did not come to that. */
int core_http_drive(CURL *easy, int64_t deadline, CURLcode *code) MOXD_SUSPENDS;

/* resolve.c: the list for CURLOPT_RESOLVE ("host:port:address,..."), NULL for a host that is an address.
 * NOTFOUND, TEMP, CANCELLED. */
int core_http_resolve(const char *host, unsigned port, int64_t deadline, struct moxd_arena *a,
                      const char **out, struct moxd_err *err) MOXD_CHECKED MOXD_SUSPENDS;

#endif
