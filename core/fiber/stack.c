#include "fiber/stack.h"

#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#ifndef MADV_GUARD_INSTALL
#define MADV_GUARD_INSTALL 102 /* Linux 6.13; other kernels answer EINVAL */
#endif

enum {
    RED_ZONE = 128,  /* x86-64 ABI: bytes below sp that are in use */
    TRIM_SLACK = 512 /* frames of the trim call itself */
};

static struct {
    char *hot[CORE_STACK_HOT]; /* free, with pages; reused first */
    size_t nhot;
    char **cold; /* free, without pages */
    size_t ncold, total;
    char **slabs;
    size_t nslabs;
    size_t page;
    enum { UNKNOWN, LIGHT, MPROTECT } guards;
} pool;

static size_t stride(void)
{
    return CORE_STACK_SIZE + pool.page;
}

/* A light guard costs no mapping of its own. With mprotect each stack takes two of the 65530 that
 * Linux allows a process by default, enough for some 32000 fibers. */
static void guard(char *p)
{
    if (pool.guards != MPROTECT && madvise(p, pool.page, MADV_GUARD_INSTALL) == 0) {
        pool.guards = LIGHT;
        return;
    }
    moxd_assert(pool.guards != LIGHT);
    pool.guards = MPROTECT;
    if (mprotect(p, pool.page, PROT_NONE) != 0)
        moxd_panic("no guard page for a fiber's stack: too many mappings (vm.max_map_count)");
}

static void add_slab(void)
{
    pool.page = (size_t)sysconf(_SC_PAGESIZE);
    size_t size = stride() * CORE_STACK_SLAB;
    char *slab = mmap(NULL, size, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE | MAP_STACK, -1, 0);

    if (slab == MAP_FAILED)
        moxd_panic("no address space for %d more fibers", CORE_STACK_SLAB);
    madvise(slab, size, MADV_NOHUGEPAGE); /* a huge page would back eight stacks at once */
    pool.slabs = moxd_xreallocarray(pool.slabs, pool.nslabs + 1, sizeof(*pool.slabs));
    pool.slabs[pool.nslabs++] = slab;
    pool.total += CORE_STACK_SLAB;
    pool.cold = moxd_xreallocarray(pool.cold, pool.total, sizeof(*pool.cold));
    for (size_t i = CORE_STACK_SLAB; i-- > 0;) {
        guard(slab + i * stride());
        pool.cold[pool.ncold++] = slab + i * stride() + pool.page;
    }
}

char *core_stack_get(void)
{
    if (pool.nhot > 0)
        return pool.hot[--pool.nhot];
    if (pool.ncold == 0)
        add_slab();
    return pool.cold[--pool.ncold];
}

void core_stack_put(char *stack)
{
    if (pool.nhot < CORE_STACK_HOT) {
        pool.hot[pool.nhot++] = stack;
        return;
    }
    moxd_assert(pool.ncold < pool.total);
    madvise(stack, CORE_STACK_SIZE, MADV_DONTNEED);
    pool.cold[pool.ncold++] = stack;
}

void core_stack_fini(void)
{
    moxd_assert(pool.nhot + pool.ncold == pool.total);
    for (size_t i = 0; i < pool.nslabs; i++)
        munmap(pool.slabs[i], stride() * CORE_STACK_SLAB);
    free(pool.slabs);
    free(pool.cold);
    pool.slabs = pool.cold = NULL;
    pool.nslabs = pool.nhot = pool.ncold = pool.total = 0;
}

void core_stack_trim(char *stack, const void *sp)
{
    uintptr_t low = (uintptr_t)stack;
    uintptr_t end = ((uintptr_t)sp - RED_ZONE - TRIM_SLACK) & ~(uintptr_t)(pool.page - 1);

    if (end > low && end <= low + CORE_STACK_SIZE)
        madvise(stack, end - low, MADV_DONTNEED);
}

bool core_stack_overflowed(const char *stack, const void *addr)
{
    return (const char *)addr < stack && (const char *)addr >= stack - pool.page;
}
