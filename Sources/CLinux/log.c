#define _GNU_SOURCE
#include "call.h"
#include <CLinux.h>
#include <sys/klog.h>

enum { READ_ALL = 3 }; /* SYSLOG_ACTION_READ_ALL of syslog(2) */

int64_t davit_kernel_log(void *bytes, size_t count)
{
    int size = count > INT32_MAX ? INT32_MAX : (int)count;
    return DAVIT_CALL(klogctl(READ_ALL, bytes, size));
}
