#define _GNU_SOURCE
#include "CLinux.h"
#include "call.h"

#include <fcntl.h>
#include <linux/dqblk_xfs.h>
#include <linux/fs.h>
#include <linux/quota.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/xattr.h>
#include <unistd.h>

static int copy_times(int to, const char *name, const struct stat *status, int flags)
{
    const struct timespec times[2] = { status->st_atim, status->st_mtim };
    return DAVIT_CALL(utimensat(to, name, times, flags));
}

/* One piece without holes. copy_file_range shares blocks where the file system can; not every pair of them knows it. */
static int copy_range(int from, int to, off_t start, off_t end)
{
    static const size_t piece = 1 << 17;
    off_t in = start, out = start;
    while (in < end) {
        ssize_t count = DAVIT_CALL(copy_file_range(from, &in, to, &out, (size_t)(end - in), 0));
        if (count == 0)
            return 0;
        if (count < 0)
            break;
    }
    if (in >= end)
        return 0;
    char *bytes = malloc(piece);
    if (!bytes)
        return -ENOMEM;
    ssize_t result = 0;
    while (in < end) {
        result = DAVIT_CALL(pread(from, bytes, (size_t)(end - in) < piece ? (size_t)(end - in) : piece, in));
        if (result <= 0)
            break;
        ssize_t count = result;
        for (ssize_t done = 0; done < count && result >= 0; done += result)
            result = DAVIT_CALL(pwrite(to, bytes + done, (size_t)(count - done), in + done));
        if (result < 0)
            break;
        in += count;
    }
    free(bytes);
    return result < 0 ? (int)result : 0;
}

static int copy_data(int from, int to, off_t size)
{
    for (off_t at = 0; at < size;) {
        off_t start = DAVIT_CALL(lseek(from, at, SEEK_DATA));
        if (start == -ENXIO)
            break;
        off_t end = start < 0 ? size : DAVIT_CALL(lseek(from, start, SEEK_HOLE));
        if (start < 0)
            start = at;
        if (end < 0)
            return (int)end;
        int result = copy_range(from, to, start, end);
        if (result < 0)
            return result;
        at = end;
    }
    return DAVIT_CALL(ftruncate(to, size));
}

/* Attributes that this kernel or file system does not take are left out; a full disk is not. */
static int copy_attribute(int from, int to, const char *name, char *value, size_t capacity)
{
    ssize_t size = DAVIT_CALL(fgetxattr(from, name, value, capacity));
    if (size < 0)
        return size == -ENODATA ? 0 : (int)size;
    int result = DAVIT_CALL(fsetxattr(to, name, value, (size_t)size, 0));
    return result == -EOPNOTSUPP || result == -EPERM || result == -EINVAL ? 0 : result;
}

/* XATTR_LIST_MAX and XATTR_SIZE_MAX of <linux/limits.h>. */
enum { LONGEST = 65536 };

static int copy_attributes(int from, int to)
{
    char *names = malloc(2 * LONGEST);
    if (!names)
        return -ENOMEM;
    ssize_t count = DAVIT_CALL(flistxattr(from, names, LONGEST));
    int result = count == -EOPNOTSUPP ? 0 : count < 0 ? (int)count : 0;
    for (ssize_t at = 0; at < count && result >= 0; at += (ssize_t)strlen(names + at) + 1)
        /* What overlayfs keeps of its own must not be believed anywhere else. */
        if (strncmp(names + at, "trusted.overlay.", 16) && strncmp(names + at, "user.overlay.", 13))
            result = copy_attribute(from, to, names + at, names + LONGEST, LONGEST);
    free(names);
    return result;
}

/* The owner first: a change of it takes set-uid bits and capabilities away. */
static int copy_status(int from, int to, const struct stat *status)
{
    int result = DAVIT_CALL(fchown(to, status->st_uid, status->st_gid));
    if (result >= 0)
        result = DAVIT_CALL(fchmod(to, status->st_mode & 07777));
    if (result >= 0)
        result = copy_attributes(from, to);
    const struct timespec times[2] = { status->st_atim, status->st_mtim };
    return result < 0 ? result : DAVIT_CALL(futimens(to, times));
}

static int copy_file(int from, const char *name, int to)
{
    struct stat status;
    int in = DAVIT_CALL(openat(from, name, O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_NOCTTY | O_CLOEXEC));
    if (in < 0)
        return in;
    int result = DAVIT_CALL(fstat(in, &status));
    if (result >= 0 && !S_ISREG(status.st_mode))
        result = -EINVAL;
    int out = result;
    if (result >= 0)
        out = DAVIT_CALL(openat(to, name, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0600));
    result = out < 0 ? out : copy_data(in, out, status.st_size);
    if (result >= 0)
        result = copy_status(in, out, &status);
    close(in);
    if (out >= 0)
        close(out);
    return result;
}

static int copy_link(int from, const char *name, int to, const struct stat *status)
{
    char text[4097];
    ssize_t count = DAVIT_CALL(readlinkat(from, name, text, sizeof text - 1));
    if (count < 0)
        return (int)count;
    text[count] = 0;
    int result = DAVIT_CALL(symlinkat(text, to, name));
    if (result >= 0)
        result = DAVIT_CALL(fchownat(to, name, status->st_uid, status->st_gid, AT_SYMLINK_NOFOLLOW));
    return result < 0 ? result : copy_times(to, name, status, AT_SYMLINK_NOFOLLOW);
}

static int copy_fifo(const char *name, int to, const struct stat *status)
{
    int result = DAVIT_CALL(mknodat(to, name, S_IFIFO | 0600, 0));
    if (result >= 0)
        result = DAVIT_CALL(fchownat(to, name, status->st_uid, status->st_gid, AT_SYMLINK_NOFOLLOW));
    if (result >= 0)
        result = DAVIT_CALL(fchmodat(to, name, status->st_mode & 07777, 0));
    return result < 0 ? result : copy_times(to, name, status, AT_SYMLINK_NOFOLLOW);
}

int davit_copy_entry(int from, const char *name, int to)
{
    struct stat status;
    int result = DAVIT_CALL(fstatat(from, name, &status, AT_SYMLINK_NOFOLLOW));
    if (result < 0)
        return result;
    switch (status.st_mode & S_IFMT) {
    case S_IFDIR:
        result = DAVIT_CALL(mkdirat(to, name, 0700));
        return result < 0 ? result : DAVIT_COPY_DIRECTORY;
    case S_IFREG:
        return copy_file(from, name, to);
    case S_IFLNK:
        return copy_link(from, name, to, &status);
    case S_IFIFO:
        return copy_fifo(name, to, &status);
    default:
        return DAVIT_COPY_LEFT_OUT;
    }
}

int davit_copy_directory_status(int from, int to)
{
    struct stat status;
    int result = DAVIT_CALL(fstat(from, &status));
    return result < 0 ? result : copy_status(from, to, &status);
}

int davit_link(int root, const char *path, int to, const char *name)
{
    return DAVIT_CALL(linkat(root, path, to, name, 0));
}

int davit_get_project(int file, uint32_t *ret_project)
{
    struct fsxattr attributes;
    int result = DAVIT_CALL(ioctl(file, FS_IOC_FSGETXATTR, &attributes));
    if (result >= 0)
        *ret_project = attributes.fsx_projid;
    return result;
}

int davit_set_project(int directory, uint32_t project)
{
    struct fsxattr attributes;
    int result = DAVIT_CALL(ioctl(directory, FS_IOC_FSGETXATTR, &attributes));
    if (result < 0)
        return result;
    attributes.fsx_projid = project;
    attributes.fsx_xflags |= FS_XFLAG_PROJINHERIT;
    return DAVIT_CALL(ioctl(directory, FS_IOC_FSSETXATTR, &attributes));
}

int davit_project_limits_hold(int file)
{
    struct fs_quota_stat state = { .qs_version = FS_QSTAT_VERSION };
    int result = (int)DAVIT_CALL(syscall(SYS_quotactl_fd, file, QCMD(Q_XGETQSTAT, PRJQUOTA), 0, &state));
    return result < 0 ? result : (state.qs_flags & FS_QUOTA_PDQ_ENFD) != 0;
}

int davit_set_project_limit(int file, uint32_t project, uint64_t bytes)
{
    struct if_dqblk limit = {
        .dqb_bhardlimit = (bytes + 1023) / 1024,
        .dqb_bsoftlimit = (bytes + 1023) / 1024,
        .dqb_valid = QIF_BLIMITS,
    };
    return (int)DAVIT_CALL(syscall(SYS_quotactl_fd, file, QCMD(Q_SETQUOTA, PRJQUOTA), project, &limit));
}
