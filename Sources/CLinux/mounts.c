#define _GNU_SOURCE
#include "call.h"
#include <CLinux.h>
#include <fcntl.h>
#include <linux/mount.h>
#include <sched.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert(sizeof(struct mount_attr) == 32, "struct mount_attr of <linux/mount.h>");
_Static_assert(MOUNT_ATTR_RDONLY == 1 && MOUNT_ATTR_NOSUID == 2 && MOUNT_ATTR_NODEV == 4 && MOUNT_ATTR_NOEXEC == 8,
               "the bits of Linux.MountAttributes and LaunchPlan.MountFlags");
_Static_assert(MOUNT_ATTR_NOATIME == 0x10 && MOUNT_ATTR_STRICTATIME == 0x20 && MOUNT_ATTR_IDMAP == 0x100000 &&
                   MOUNT_ATTR_NOSYMFOLLOW == 0x200000,
               "the bits of Linux.MountAttributes");
_Static_assert(FSCONFIG_SET_FLAG == 0 && FSCONFIG_SET_STRING == 1 && FSCONFIG_SET_FD == 5 && FSCONFIG_CMD_CREATE == 6,
               "the commands of Linux.FileSystemContext");

/* MNT_DETACH of <sys/mount.h>, which cannot be included beside <linux/mount.h> before glibc 2.37. */
enum { DETACH = 2 };

int davit_fsopen(const char *type) { return (int)DAVIT_CALL(syscall(SYS_fsopen, type, FSOPEN_CLOEXEC)); }
int davit_fsconfig(int context, uint32_t command, const char *key, const char *value, int aux)
{
    return (int)DAVIT_CALL(syscall(SYS_fsconfig, context, command, key, value, aux));
}
int davit_fsmount(int context, uint32_t attributes)
{
    return (int)DAVIT_CALL(syscall(SYS_fsmount, context, FSMOUNT_CLOEXEC, attributes));
}
int davit_open_tree(int directory, const char *path, uint32_t flags)
{
    return (int)DAVIT_CALL(syscall(SYS_open_tree, directory, path, flags | OPEN_TREE_CLOEXEC));
}
int davit_move_mount(int from, const char *source, int to, const char *target, uint32_t flags)
{
    return (int)DAVIT_CALL(syscall(SYS_move_mount, from, source, to, target, flags));
}
int davit_mount_setattr(int directory, const char *path, uint32_t flags, uint64_t set, uint64_t clear,
                        uint64_t propagation, int user_namespace)
{
    struct mount_attr attributes = {
        .attr_set = set,
        .attr_clr = clear,
        .propagation = propagation,
        .userns_fd = user_namespace < 0 ? 0 : (uint64_t)user_namespace,
    };
    return (int)DAVIT_CALL(syscall(SYS_mount_setattr, directory, path, flags, &attributes, sizeof attributes));
}
int davit_umount(const char *path, int flags) { return (int)DAVIT_CALL(syscall(SYS_umount2, path, flags)); }
int davit_pivot_here(void)
{
    int result = (int)DAVIT_CALL(syscall(SYS_pivot_root, ".", "."));
    if (result >= 0)
        result = davit_umount(".", DETACH);
    return result < 0 ? result : davit_chdir("/");
}
int davit_chdir(const char *path) { return DAVIT_CALL(chdir(path)); }
int davit_fchdir(int directory) { return DAVIT_CALL(fchdir(directory)); }
int davit_unshare(int flags) { return DAVIT_CALL(unshare(flags)); }
int davit_setns(int descriptor, int flags) { return DAVIT_CALL(setns(descriptor, flags)); }
