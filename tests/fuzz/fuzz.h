/* The two functions of a fuzz target; its main() is libFuzzer's or that of replay.c. */
#ifndef MOXD_FUZZ_H
#define MOXD_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/* Feeds one input to the parser; returns 0. Must not keep state between inputs. The data is not
 * NUL-terminated. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);
/* Optional; called once before the first input. */
int LLVMFuzzerInitialize(int *argc, char ***argv);
/* Optional: how many mutations replay.c tries, for a target that is slow; else 3000. */
extern const long fuzz_mutations;

#endif
