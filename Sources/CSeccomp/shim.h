#pragma once
#include <seccomp.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* The name of a call by its true number, cut to `size` with its NUL. False when libseccomp knows none. */
static inline bool davit_syscall_name(uint32_t architecture, int number, char *_Nonnull ret_name, size_t size)
{
    char *name = seccomp_syscall_resolve_num_arch(architecture, number);
    if (!name || size == 0) {
        free(name);
        return false;
    }
    strncpy(ret_name, name, size - 1);
    ret_name[size - 1] = '\0';
    free(name);
    return true;
}
