#pragma once
/*
 * The ground the monitor stands on instead of the C library's start and heap: a start that touches one page, and a heap
 * that gives all memory of the launch back. Only for a static, single-threaded program without start files.
 */
#include <stddef.h>

#pragma clang assume_nonnull begin

/*
 * From here on memory comes from the other of two regions. The pages of the earlier one go back to the kernel when the
 * last object in it is freed: what is kept by mistake costs memory, never safety.
 */
void davit_heap_turn(void);
/* Gives back the pages of the stack below the caller, which an earlier, deeper call has touched. */
void davit_stack_trim(void);
/* Gives back pages of `davit_pages`; they read as zeros afterwards. */
void davit_pages_trim(void *pages, size_t count);

#pragma clang assume_nonnull end
