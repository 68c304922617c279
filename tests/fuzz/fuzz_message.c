/* Whole messages: structure, sections, headers, text, stored form. */
#include "fuzz.h"

#include "tests/message_check.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    struct moxd_str text = moxd_str((const char *)data, size);
    struct moxd_reader r = moxd_reader_mem(&text);
    check_message(&r);
    return 0;
}
