/* Tests that run on the loop. */
#ifndef MOXD_UNIT_IN_FIBER_H
#define MOXD_UNIT_IN_FIBER_H

#include "unit.h"

#include <moxd/fiber.h>
#include <moxd/loop.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#if defined(__SANITIZE_ADDRESS__)
#define UNIT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define UNIT_ASAN 1
#endif
#endif
#if defined(__SANITIZE_THREAD__)
#define UNIT_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define UNIT_TSAN 1
#endif
#endif
#ifndef UNIT_ASAN
#define UNIT_ASAN 0
#endif
#ifndef UNIT_TSAN
#define UNIT_TSAN 0
#endif

/* What fibers did, in order: empty when a test begins. */
static char trace[4096];

__attribute__((unused)) static void note(const char *s)
{
    ck_assert(strlen(trace) + strlen(s) < sizeof(trace));
    strcat(trace, s);
}

/* A literal as the argument of a fiber, which does not write to it. */
#define TEXT(literal) ((void *)(uintptr_t)(literal))

/* IN_FIBER(name) { body }: a test whose body is the main fiber of a loop. */
#define IN_FIBER(name)                                                                             \
    static void name##_fiber(void *unused);                                                        \
    START_TEST(name)                                                                               \
    {                                                                                              \
        trace[0] = '\0';                                                                           \
        moxd_loop_main(name##_fiber, NULL);                                                        \
    }                                                                                              \
    END_TEST                                                                                       \
    static void name##_fiber(void *unused __attribute__((unused)))

/* The wait status of a process in which fn is the main fiber. */
__attribute__((unused)) static int in_fiber_status(void (*fn)(void *), void *arg)
{
    int status;

    fflush(NULL);
    pid_t pid = fork();
    ck_assert_int_ge(pid, 0);
    if (pid == 0) {
        close(STDERR_FILENO);
        signal(SIGABRT, SIG_DFL);
        moxd_loop_main(fn, arg);
        _exit(0);
    }
    ck_assert_int_eq(waitpid(pid, &status, 0), pid);
    return status;
}

#endif
