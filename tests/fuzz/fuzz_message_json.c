/* The structure of a message as JSON: it is JSON, and says of a message what is true. */
#include "fuzz.h"

#include "message_json.h"

#include <jansson.h>

/* A body is in its part's parent, and its header ends where it begins. */
static void check_part(json_t *part, json_int_t start, json_int_t end)
{
    json_t *header = json_object_get(part, "header"), *body = json_object_get(part, "body"), *child;
    json_int_t at = json_integer_value(json_object_get(header, "offset"));
    json_int_t body_at = json_integer_value(json_object_get(body, "offset"));
    json_int_t body_end = body_at + json_integer_value(json_object_get(body, "size"));
    size_t i;

    moxd_assert(start <= at && body_end <= end);
    moxd_assert(at + json_integer_value(json_object_get(header, "size")) == body_at);
    moxd_assert(json_is_array(json_object_get(part, "fields")));
    json_array_foreach(json_object_get(part, "parts"), i, child)
        check_part(child, body_at, body_end);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_str text = moxd_str((const char *)data, size);
    struct moxd_reader r = moxd_reader_mem(&text);
    struct moxd_buf out = MOXD_BUF_INIT(SIZE_MAX / 2);

    moxd_assert(store_message_json(&r, &out, NULL) == 0);
    json_t *json = json_loadb(out.p, out.n, JSON_ALLOW_NUL, NULL);
    moxd_assert(json_integer_value(json_object_get(json, "size")) == (json_int_t)size);
    check_part(json_object_get(json, "message"), 0, (json_int_t)size);
    json_decref(json);
    moxd_buf_fini(&out);
    return 0;
}
