#define _GNU_SOURCE
#include "call.h"
#include <CLinux.h>
#include <dirent.h>
#include <fcntl.h>
#include <linux/openat2.h>
#include <poll.h>
#include <string.h>
#include <sys/file.h>
#include <sys/inotify.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <time.h>
#include <unistd.h>

_Static_assert(sizeof(struct open_how) == 24, "struct open_how of <linux/openat2.h>");
_Static_assert(sizeof(struct davit_poll) == sizeof(struct pollfd), "struct pollfd");
_Static_assert(offsetof(struct davit_poll, ready) == offsetof(struct pollfd, revents), "struct pollfd");

int davit_openat(int directory, const char *path, int flags, uint32_t mode)
{
    return DAVIT_CALL(openat(directory, path, flags | O_CLOEXEC, mode));
}
int davit_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve)
{
    struct open_how how = { .flags = flags | O_CLOEXEC, .mode = mode, .resolve = resolve };
    int result;
    /* EAGAIN: a rename or a mount raced with ".."; the kernel asks for another try (openat2(2)). */
    for (int tries = 0; tries < 32; tries++) {
        result = (int)DAVIT_CALL(syscall(SYS_openat2, directory, path, &how, sizeof how));
        if (result != -EAGAIN)
            break;
    }
    return result;
}
int davit_close(int descriptor)
{
    /* Never again on EINTR: Linux has released the number already. */
    return close(descriptor) < 0 && errno != EINTR ? -errno : 0;
}
int davit_duplicate(int descriptor, int minimum) { return DAVIT_CALL(fcntl(descriptor, F_DUPFD_CLOEXEC, minimum)); }
int davit_place(int descriptor, int at) { return DAVIT_CALL(dup2(descriptor, at)); }
int64_t davit_read(int descriptor, void *bytes, size_t count) { return DAVIT_CALL(read(descriptor, bytes, count)); }
int64_t davit_pread(int descriptor, void *bytes, size_t count, int64_t offset)
{
    return DAVIT_CALL(pread(descriptor, bytes, count, offset));
}
int64_t davit_pwrite(int descriptor, const void *bytes, size_t count, int64_t offset)
{
    return DAVIT_CALL(pwrite(descriptor, bytes, count, offset));
}
int64_t davit_write(int descriptor, const void *bytes, size_t count)
{
    return DAVIT_CALL(write(descriptor, bytes, count));
}
int davit_mkdirat(int directory, const char *path, uint32_t mode) { return DAVIT_CALL(mkdirat(directory, path, mode)); }
int davit_mknodat(int directory, const char *path, uint32_t mode, uint32_t major, uint32_t minor)
{
    return DAVIT_CALL(mknodat(directory, path, mode, makedev(major, minor)));
}
int davit_unlinkat(int directory, const char *path, int flags) { return DAVIT_CALL(unlinkat(directory, path, flags)); }
int davit_renameat2(int from, const char *source, int to, const char *target, uint32_t flags)
{
    return (int)DAVIT_CALL(syscall(SYS_renameat2, from, source, to, target, flags));
}
int davit_symlinkat(const char *target, int directory, const char *path)
{
    return DAVIT_CALL(symlinkat(target, directory, path));
}
int64_t davit_readlinkat(int directory, const char *path, char *bytes, size_t count)
{
    return DAVIT_CALL(readlinkat(directory, path, bytes, count));
}
int davit_fchownat(int directory, const char *path, uint32_t uid, uint32_t gid, int flags)
{
    return DAVIT_CALL(fchownat(directory, path, uid, gid, flags));
}
int davit_fchmodat(int directory, const char *path, uint32_t mode)
{
    return DAVIT_CALL(fchmodat(directory, path, mode, 0));
}
int davit_fchmod(int descriptor, uint32_t mode) { return DAVIT_CALL(fchmod(descriptor, mode)); }
int davit_fsync(int descriptor) { return DAVIT_CALL(fsync(descriptor)); }
int davit_syncfs(int descriptor) { return DAVIT_CALL(syncfs(descriptor)); }
int davit_ftruncate(int descriptor, int64_t size) { return DAVIT_CALL(ftruncate(descriptor, size)); }
int davit_flock(int descriptor, int operation) { return DAVIT_CALL(flock(descriptor, operation)); }

int davit_fstatat(int directory, const char *path, int flags, struct davit_status *ret_status)
{
    struct stat s;
    int result = DAVIT_CALL(fstatat(directory, path, &s, flags));
    if (result < 0)
        return result;
    *ret_status = (struct davit_status){
        .mode = s.st_mode,
        .uid = s.st_uid,
        .gid = s.st_gid,
        .links = (uint32_t)s.st_nlink,
        .inode = s.st_ino,
        .device = s.st_dev,
        .major = major(s.st_rdev),
        .minor = minor(s.st_rdev),
        .size = s.st_size,
        .modified_ns = s.st_mtim.tv_sec * 1000000000LL + s.st_mtim.tv_nsec,
    };
    return 0;
}

int davit_list(int directory, void (*each)(void *context, const char *name, uint8_t type), void *context)
{
    _Alignas(struct dirent64) char buffer[8192];
    long count = DAVIT_CALL(syscall(SYS_getdents64, directory, buffer, sizeof buffer));
    for (long at = 0; at < count;) {
        struct dirent64 *entry = (struct dirent64 *)(buffer + at);
        at += entry->d_reclen;
        if (strcmp(entry->d_name, ".") && strcmp(entry->d_name, ".."))
            each(context, entry->d_name, entry->d_type);
    }
    return (int)count;
}

int davit_pipe(int flags, int *ret_reader, int *ret_writer)
{
    int ends[2];
    int result = DAVIT_CALL(pipe2(ends, flags | O_CLOEXEC));
    if (result < 0)
        return result;
    *ret_reader = ends[0];
    *ret_writer = ends[1];
    return 0;
}
int davit_set_pipe_size(int descriptor, int bytes) { return DAVIT_CALL(fcntl(descriptor, F_SETPIPE_SZ, bytes)); }
int davit_set_nonblocking(int descriptor, bool on)
{
    int flags = DAVIT_CALL(fcntl(descriptor, F_GETFL));
    if (flags < 0)
        return flags;
    return DAVIT_CALL(fcntl(descriptor, F_SETFL, on ? flags | O_NONBLOCK : flags & ~O_NONBLOCK));
}

int davit_sealed_memory(const char *name, const void *bytes, size_t count)
{
    int descriptor = DAVIT_CALL(memfd_create(name, MFD_CLOEXEC | MFD_ALLOW_SEALING));
    if (descriptor < 0)
        return descriptor;
    ssize_t result = 0;
    for (size_t done = 0; done < count && result >= 0; done += (size_t)(result > 0 ? result : 0))
        result = DAVIT_CALL(write(descriptor, (const char *)bytes + done, count - done));
    if (result >= 0)
        result = DAVIT_CALL(fcntl(descriptor, F_ADD_SEALS, F_SEAL_SEAL | F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_WRITE));
    if (result >= 0)
        result = DAVIT_CALL(lseek(descriptor, 0, SEEK_SET));
    if (result < 0) {
        close(descriptor);
        return (int)result;
    }
    return descriptor;
}

int davit_inotify_init(void) { return DAVIT_CALL(inotify_init1(IN_CLOEXEC | IN_NONBLOCK)); }
int davit_inotify_add(int descriptor, const char *path, uint32_t mask)
{
    return DAVIT_CALL(inotify_add_watch(descriptor, path, mask));
}
int davit_inotify_remove(int descriptor, int watch) { return DAVIT_CALL(inotify_rm_watch(descriptor, watch)); }

int64_t davit_clock_ns(bool monotonic)
{
    struct timespec now;
    clock_gettime(monotonic ? CLOCK_MONOTONIC : CLOCK_REALTIME, &now);
    return now.tv_sec * 1000000000LL + now.tv_nsec;
}
int davit_poll(int descriptor, int events, int milliseconds)
{
    struct pollfd entry = { .fd = descriptor, .events = (short)events };
    int result = DAVIT_CALL(poll(&entry, 1, milliseconds));
    return result <= 0 ? result : entry.revents;
}
int davit_poll_many(struct davit_poll *polls, size_t count, int milliseconds)
{
    return DAVIT_CALL(poll((struct pollfd *)polls, count, milliseconds));
}
const char *davit_error_name(int number)
{
    const char *name = strerrorname_np(number);
    return name ? name : "E?";
}
const char *davit_error_text(int number)
{
    const char *text = strerrordesc_np(number);
    return text ? text : "unknown error";
}
int64_t davit_find(const void *bytes, size_t count, uint8_t byte)
{
    const char *found = memchr(bytes, byte, count);
    return found ? found - (const char *)bytes : -1;
}
void *davit_pages(size_t count)
{
    void *pages = mmap(NULL, count, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    return pages == MAP_FAILED ? NULL : pages;
}
void davit_copy(void *to, const void *from, size_t count) { memcpy(to, from, count); }
void davit_move(void *to, const void *from, size_t count) { memmove(to, from, count); }
