#pragma once
#include <errno.h>

/* The one door to errno: again on EINTR, otherwise the result or -errno. */
#define DAVIT_CALL(call)                                                                                               \
    ({                                                                                                                 \
        __typeof__(call) davit_result;                                                                                 \
        do davit_result = (call);                                                                                      \
        while (davit_result == -1 && errno == EINTR);                                                                  \
        davit_result == -1 ? -(__typeof__(call))errno : davit_result;                                                  \
    })
