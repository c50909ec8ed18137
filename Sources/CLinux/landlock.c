#define _GNU_SOURCE
#include "CLinux.h"
#include "call.h"

#include <sys/syscall.h>
#include <unistd.h>

/* Of <linux/landlock.h>, whose copy on an older build host knows less than the kernel that runs. */
struct ruleset {
    uint64_t files, network, scope;
};
struct path_rule {
    uint64_t access;
    int32_t path;
} __attribute__((packed));
struct port_rule {
    uint64_t access, port;
};
enum { PATH_BENEATH = 1, NET_PORT = 2, VERSION = 1 };

int davit_landlock_version(void)
{
    long version = syscall(SYS_landlock_create_ruleset, NULL, 0, VERSION);
    return version < 0 ? 0 : (int)version;
}

int davit_landlock_ruleset(uint64_t files, uint64_t network, uint64_t scope)
{
    struct ruleset ruleset = { files, network, scope };
    /* An older kernel takes a longer one whose rest is zero. */
    return (int)DAVIT_CALL(syscall(SYS_landlock_create_ruleset, &ruleset, sizeof ruleset, 0));
}

int davit_landlock_allow_path(int ruleset, int path, uint64_t access)
{
    struct path_rule rule = { access, path };
    return (int)DAVIT_CALL(syscall(SYS_landlock_add_rule, ruleset, PATH_BENEATH, &rule, 0));
}

int davit_landlock_allow_port(int ruleset, uint64_t port, uint64_t access)
{
    struct port_rule rule = { access, port };
    return (int)DAVIT_CALL(syscall(SYS_landlock_add_rule, ruleset, NET_PORT, &rule, 0));
}

int davit_landlock_restrict(int ruleset)
{
    return (int)DAVIT_CALL(syscall(SYS_landlock_restrict_self, ruleset, 0));
}
