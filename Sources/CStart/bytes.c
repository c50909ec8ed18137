#include <stddef.h>
#include <stdint.h>

/*
 * The C library picks its own by the processor's features at start, which ours does not read. Sixteen bytes at a time in
 * portable vectors: every processor we know has them.
 */
typedef uint8_t vector __attribute__((vector_size(16), aligned(1), may_alias));
typedef uint64_t halves __attribute__((vector_size(16)));
enum { WIDE = sizeof(vector) };

/* Without this the compiler makes the loop in memset a call of memset. */
#define AS_WRITTEN __attribute__((no_builtin))

static inline vector load(const void *from) { return *(const vector *)from; }
static inline void store(void *to, vector value) { *(vector *)to = value; }

AS_WRITTEN static void copy_few(uint8_t *to, const uint8_t *from, size_t count)
{
    if (count >= 8) {
        uint64_t first, last;
        __builtin_memcpy_inline(&first, from, 8);
        __builtin_memcpy_inline(&last, from + count - 8, 8);
        __builtin_memcpy_inline(to, &first, 8);
        __builtin_memcpy_inline(to + count - 8, &last, 8);
    } else if (count >= 4) {
        uint32_t first, last;
        __builtin_memcpy_inline(&first, from, 4);
        __builtin_memcpy_inline(&last, from + count - 4, 4);
        __builtin_memcpy_inline(to, &first, 4);
        __builtin_memcpy_inline(to + count - 4, &last, 4);
    } else if (count > 0) {
        uint8_t first = from[0], middle = from[count / 2], last = from[count - 1];
        to[0] = first;
        to[count / 2] = middle;
        to[count - 1] = last;
    }
}

/* Also right when `to` is below `from` in the same memory: what is read was not yet written. */
AS_WRITTEN static void copy_up(uint8_t *to, const uint8_t *from, size_t count)
{
    vector last = load(from + count - WIDE);
    uint8_t *end = to + count - WIDE;
    for (; to < end; to += WIDE, from += WIDE)
        store(to, load(from));
    store(end, last);
}
AS_WRITTEN static void copy_down(uint8_t *to, const uint8_t *from, size_t count)
{
    vector first = load(from);
    for (; count > WIDE; count -= WIDE)
        store(to + count - WIDE, load(from + count - WIDE));
    store(to, first);
}

AS_WRITTEN void *memmove(void *to, const void *from, size_t count)
{
    if (count < WIDE)
        copy_few(to, from, count);
    else if ((uintptr_t)to - (uintptr_t)from >= count)
        copy_up(to, from, count);
    else
        copy_down(to, from, count);
    return to;
}
AS_WRITTEN void *memcpy(void *restrict to, const void *restrict from, size_t count)
{
    if (count < WIDE)
        copy_few(to, from, count);
    else
        copy_up(to, from, count);
    return to;
}

AS_WRITTEN void *memset(void *to, int value, size_t count)
{
    uint8_t *at = to, *end = at + count;
    for (vector wide = (uint8_t)value - (vector){ 0 }; end - at >= WIDE; at += WIDE)
        store(at, wide);
    for (; at < end; at++)
        *at = (uint8_t)value;
    return to;
}

AS_WRITTEN int memcmp(const void *left, const void *right, size_t count)
{
    const uint8_t *a = left, *b = right;
    for (size_t i = 0; i < count; i++)
        if (a[i] != b[i])
            return a[i] - b[i];
    return 0;
}

AS_WRITTEN void *memchr(const void *bytes, int value, size_t count)
{
    const uint8_t *at = bytes, *end = at + count;
    for (vector wide = (uint8_t)value - (vector){ 0 }; end - at >= WIDE; at += WIDE) {
        halves equal = (halves)(load(at) == wide);
        if (equal[0])
            return (void *)(at + __builtin_ctzll(equal[0]) / 8);
        if (equal[1])
            return (void *)(at + 8 + __builtin_ctzll(equal[1]) / 8);
    }
    for (; at < end; at++)
        if (*at == (uint8_t)value)
            return (void *)at;
    return NULL;
}

AS_WRITTEN size_t strlen(const char *text)
{
    size_t count = 0;
    while (text[count])
        count++;
    return count;
}
