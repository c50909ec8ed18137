#define _GNU_SOURCE
#include <CStart.h>
#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

/*
 * Two regions of address space, each filled from below. Freed objects wait in lists by size, a power of two. What is
 * larger than the largest of them is a mapping of its own.
 */
enum { REGION = 256 << 20, SMALLEST = 5, LARGEST = 17, MAPPED = 2, PAGE = 4096 };

struct header {
    uint32_t region, order; /* order: log2 of the size with this header */
    size_t size;            /* with this header, of a mapping of its own */
};
_Static_assert(sizeof(struct header) == 16, "objects are aligned to 16 bytes");

struct free_object {
    struct free_object *next;
};
static struct region {
    char *start;
    size_t used, live;
    struct free_object *free[LARGEST + 1];
} regions[2];
static uint32_t current;

static void *map(size_t size)
{
    int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE;
    void *start = mmap(NULL, size, PROT_READ | PROT_WRITE, flags, -1, 0);
    return start == MAP_FAILED ? NULL : start;
}

static void *mapped(size_t size)
{
    if (size > SIZE_MAX - PAGE)
        return NULL;
    size = (size + PAGE - 1) & ~(size_t)(PAGE - 1);
    struct header *header = map(size);
    if (!header)
        return NULL;
    *header = (struct header){ .region = MAPPED, .size = size };
    return header + 1;
}

static void *carve(struct region *region, uint32_t order)
{
    size_t size = (size_t)1 << order;
    if (!region->start)
        region->start = map(REGION);
    if (!region->start || region->used + size > REGION)
        return NULL;
    struct header *header = (struct header *)(region->start + region->used);
    region->used += size;
    *header = (struct header){ .region = current, .order = order };
    return header + 1;
}

void *malloc(size_t count)
{
    if (count > SIZE_MAX / 2)
        return NULL;
    size_t size = count + sizeof(struct header);
    if (size > (size_t)1 << LARGEST)
        return mapped(size);
    uint32_t order = SMALLEST;
    while ((size_t)1 << order < size)
        order++;
    struct region *region = regions + current;
    struct free_object *object = region->free[order];
    if (object)
        region->free[order] = object->next;
    void *result = object ? object : carve(region, order);
    region->live += result != NULL;
    return result;
}

static void empty(struct region *region)
{
    madvise(region->start, region->used, MADV_DONTNEED);
    region->used = 0;
    memset(region->free, 0, sizeof region->free);
}

void free(void *object)
{
    if (!object)
        return;
    struct header *header = (struct header *)object - 1;
    if (header->region == MAPPED) {
        munmap(header, header->size);
        return;
    }
    struct region *region = regions + header->region;
    struct free_object *freed = object;
    freed->next = region->free[header->order];
    region->free[header->order] = freed;
    region->live--;
    if (region->live == 0 && region != regions + current)
        empty(region);
}

void davit_heap_turn(void)
{
    struct region *left = regions + current;
    current = !current;
    if (left->live == 0 && left->start)
        empty(left);
}

static size_t room(const void *object)
{
    const struct header *header = (const struct header *)object - 1;
    size_t size = header->region == MAPPED ? header->size : (size_t)1 << header->order;
    return size - sizeof *header;
}

void *calloc(size_t count, size_t size)
{
    size_t bytes;
    if (__builtin_mul_overflow(count, size, &bytes))
        return NULL;
    void *object = malloc(bytes);
    return object ? memset(object, 0, bytes) : NULL;
}

void *realloc(void *object, size_t count)
{
    if (object && room(object) >= count)
        return object;
    void *larger = malloc(count);
    if (larger && object) {
        memcpy(larger, object, room(object));
        free(object);
    }
    return larger;
}

/* Swift asks for 16 at most; the monitor has no type that wants more. */
int posix_memalign(void **ret_object, size_t alignment, size_t count)
{
    if (alignment > 16)
        return EINVAL;
    void *object = malloc(count);
    if (!object)
        return ENOMEM;
    *ret_object = object;
    return 0;
}

void davit_stack_trim(void)
{
    char here;
    /* This frame may reach a little below its variable. */
    uintptr_t end = ((uintptr_t)&here - 256) & ~(uintptr_t)(PAGE - 1);
    madvise((void *)(end - (64 << 10)), 64 << 10, MADV_DONTNEED);
}

void davit_pages_trim(void *pages, size_t count) { madvise(pages, count, MADV_DONTNEED); }
