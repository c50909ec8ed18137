#define _GNU_SOURCE
#include "CLinux.h"
#include "call.h"

#include <fcntl.h>
#include <linux/fs.h>
#include <linux/ioprio.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/vfs.h>
#include <sys/xattr.h>
#include <unistd.h>

int davit_mount(const char *type, const char *target, const char *options)
{
    return DAVIT_CALL(mount(type, target, type, MS_NODEV, options));
}

int davit_scatter_directories(int directory)
{
    int flags = 0;
    int result = DAVIT_CALL(ioctl(directory, FS_IOC_GETFLAGS, &flags));
    if (result < 0 || (flags & FS_TOPDIR_FL))
        return result;
    flags |= FS_TOPDIR_FL;
    return DAVIT_CALL(ioctl(directory, FS_IOC_SETFLAGS, &flags));
}

int davit_lowest_priority(void)
{
    int result = DAVIT_CALL(setpriority(PRIO_PROCESS, (id_t)syscall(SYS_gettid), 19));
    int disk = DAVIT_CALL(
        syscall(SYS_ioprio_set, IOPRIO_WHO_PROCESS, 0, IOPRIO_PRIO_VALUE(IOPRIO_CLASS_IDLE, 0)));
    return result < 0 ? result : disk;
}

int davit_extent(int directory, const char *name, struct davit_extent *ret_extent)
{
    struct stat status;
    int result = DAVIT_CALL(fstatat(directory, name, &status, AT_SYMLINK_NOFOLLOW));
    if (result < 0)
        return result;
    *ret_extent = (struct davit_extent){
        .inode = status.st_ino,
        .device = status.st_dev,
        .bytes_on_disk = (uint64_t)status.st_blocks * 512,
        .links = (uint32_t)status.st_nlink,
    };
    return 0;
}

int64_t davit_file_system(int descriptor)
{
    struct statfs status;
    int result = DAVIT_CALL(fstatfs(descriptor, &status));
    return result < 0 ? result : (int64_t)status.f_type;
}

int64_t davit_attribute_size(int descriptor, const char *name)
{
    return DAVIT_CALL(fgetxattr(descriptor, name, NULL, 0));
}
