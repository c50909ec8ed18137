#pragma once
/*
 * The system calls that Swift cannot reach, and nothing more: no policy, no state.
 *
 * Every function returns a negative errno on failure. Every call that a signal can interrupt is made again.
 * Outputs are called ret_*, come last, and are untouched on failure. Every descriptor is born close-on-exec.
 */
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "CLinuxNetlink.h"
#include "CLinuxNetwork.h"
#include "CLinuxStorage.h"
#include "CLinuxTerminal.h"
#include "CLinuxTrees.h"

#pragma clang assume_nonnull begin

/* ---- files ---- */
struct davit_status {
    uint32_t mode, uid, gid, links;
    uint64_t inode, device;
    uint32_t major, minor; /* of a device node */
    int64_t size, modified_ns;
};

int davit_openat(int directory, const char *path, int flags, uint32_t mode);
int davit_openat2(int directory, const char *path, uint64_t flags, uint64_t mode, uint64_t resolve);
int davit_close(int descriptor);
/* A new close-on-exec descriptor of the same open file, numbered `minimum` or more. */
int davit_duplicate(int descriptor, int minimum);
int davit_place(int descriptor, int at);
int64_t davit_read(int descriptor, void *bytes, size_t count);
int64_t davit_pread(int descriptor, void *bytes, size_t count, int64_t offset);
int64_t davit_pwrite(int descriptor, const void *bytes, size_t count, int64_t offset);
int64_t davit_write(int descriptor, const void *bytes, size_t count);
int davit_mkdirat(int directory, const char *path, uint32_t mode);
int davit_mknodat(int directory, const char *path, uint32_t mode, uint32_t major, uint32_t minor);
int davit_unlinkat(int directory, const char *path, int flags);
int davit_renameat2(int from, const char *source, int to, const char *target, uint32_t flags);
int davit_symlinkat(const char *target, int directory, const char *path);
int64_t davit_readlinkat(int directory, const char *path, char *bytes, size_t count);
int davit_fchownat(int directory, const char *path, uint32_t uid, uint32_t gid, int flags);
int davit_fchmodat(int directory, const char *path, uint32_t mode);
int davit_fchmod(int descriptor, uint32_t mode);
int davit_fsync(int descriptor);
int davit_syncfs(int descriptor);
int davit_ftruncate(int descriptor, int64_t size);
int davit_flock(int descriptor, int operation);
int davit_fstatat(int directory, const char *path, int flags, struct davit_status *ret_status);
/* One getdents64: calls `each` per name except "." and "..". Returns 0 at the end of the directory. */
int davit_list(int directory, void (*each)(void *_Nullable context, const char *name, uint8_t type),
               void *_Nullable context);
int davit_pipe(int flags, int *ret_reader, int *ret_writer);
int davit_set_pipe_size(int descriptor, int bytes);
int davit_set_nonblocking(int descriptor, bool on);
/* An in-memory file with these bytes that nobody can change any more, read position 0. */
int davit_sealed_memory(const char *name, const void *bytes, size_t count);
int davit_inotify_init(void);
int davit_inotify_add(int descriptor, const char *path, uint32_t mask);
int davit_inotify_remove(int descriptor, int watch);
int64_t davit_clock_ns(bool monotonic);
/* poll(2) on one descriptor; milliseconds < 0 waits for ever. Returns the ready events or 0. */
int davit_poll(int descriptor, int events, int milliseconds);
const char *davit_error_name(int number);
const char *davit_error_text(int number);

/* ---- sockets ---- */
int davit_socket_pair(int type, int *ret_a, int *ret_b);
int davit_unix_listen(const char *path, int type, uint32_t mode, int backlog);
int davit_unix_connect(const char *path, int type);
int davit_accept(int listener);
int davit_shutdown(int descriptor, int how);
int davit_peer(int descriptor, uint32_t *ret_uid, uint32_t *ret_gid, int32_t *ret_pid);
/* Supplementary groups of the peer; -ERANGE when there are more than `capacity`. Returns their number. */
int davit_peer_groups(int descriptor, uint32_t *groups, size_t capacity);
int64_t davit_send(int descriptor, const void *bytes, size_t count, const int *_Nullable descriptors,
                   size_t descriptor_count, bool wait);
/* At most 253 descriptors; those past `capacity` are closed. -EMSGSIZE when the message was cut short. */
int64_t davit_receive(int descriptor, void *bytes, size_t count, int *_Nullable descriptors, size_t capacity,
                      size_t *ret_descriptor_count);

/* ---- mounts ---- */
int davit_fsopen(const char *type);
int davit_fsconfig(int context, uint32_t command, const char *_Nullable key, const char *_Nullable value, int aux);
int davit_fsmount(int context, uint32_t attributes);
int davit_open_tree(int directory, const char *path, uint32_t flags);
int davit_move_mount(int from, const char *source, int to, const char *target, uint32_t flags);
int davit_mount_setattr(int directory, const char *path, uint32_t flags, uint64_t set, uint64_t clear,
                        uint64_t propagation, int user_namespace);
int davit_umount(const char *path, int flags);
/* The current directory becomes the root; the old root is detached. */
int davit_pivot_here(void);
int davit_chdir(const char *path);
int davit_fchdir(int directory);
int davit_unshare(int flags);
int davit_setns(int descriptor, int flags);

/* ---- devices ---- */
/* Lets the BPF program (struct bpf_insn) decide on every use of a device from this cgroup and those below it. It stays
 * as long as the group. */
int davit_filter_devices(int cgroup, const uint64_t *instructions, size_t count);

/* ---- processes ---- */
int davit_pidfd_open(int pid);
int davit_pidfd_signal(int pidfd, int signal);
int davit_signal(int pid, int signal);
/* ret_code is CLD_EXITED, CLD_KILLED or CLD_DUMPED. Returns 0 when `wait` is false and the child still runs. */
int davit_wait(int pidfd, bool wait, int *ret_code, int *ret_status);

struct davit_spawn {
    int executable;
    const char *_Nullable const *_Nonnull arguments;
    const char *_Nullable const *_Nonnull environment;
    const int *descriptors; /* placed at 0, 1, 2, ...; -1 in the first three is /dev/null */
    size_t descriptor_count;
    int cgroup; /* or -1 */
    bool leads; /* a process group of its own */
};
/* clone3(CLONE_VM|CLONE_VFORK): 43 us whatever the caller's size. Returns the pid. An error of exec comes back. */
int davit_spawn(const struct davit_spawn *spawn, int *ret_pidfd);
/* A child in a new user namespace that only waits for SIGKILL. It shares the caller's memory; no SIGCHLD comes. */
int davit_hold_user_namespace(int *ret_pidfd, void *_Nullable *_Nonnull ret_stack);
void davit_release_user_namespace(int pidfd, void *stack);

/* ---- a thread with a queue ---- */
struct davit_worker;
/* Starts a detached thread that ends when the worker is stopped. */
int davit_worker_start(struct davit_worker *_Nullable *_Nonnull ret_worker);
/* Runs `body` on the thread after all earlier ones. Does not wait. Returns -ENOMEM. */
int davit_worker_post(struct davit_worker *worker, void (*body)(void *context), void *context);
/* Runs `body` on the thread and waits until it returned. */
int davit_worker_run(struct davit_worker *worker, void (*body)(void *context), void *context);
/* What `ps -L` shows for the calling thread; at most 15 bytes. */
int davit_name_thread(const char *name);
/* The thread ends after the posted work. The worker must not be used again. */
void davit_worker_stop(struct davit_worker *worker);

/* ---- the monitor's child: single-threaded callers only ---- */
/* fork into new namespaces: 0 in the child, the pid in the parent. cgroup may be -1. */
int davit_fork(uint64_t namespaces, int cgroup, int *ret_pidfd);
/* Enters namespaces of a process. From here to exec nothing in them may look into us (ptrace, /proc/PID/exe). */
int davit_join(int pidfd, uint64_t namespaces);
int davit_loopback_up(void);
int davit_become(uint32_t uid, uint32_t gid, const uint32_t *_Nullable groups, size_t count);
int davit_set_capabilities(uint64_t bounding, uint64_t effective, uint64_t ambient);
int davit_no_new_privileges(void);
/* Loads the BPF program that is the content of `descriptor`. */
int davit_seccomp(int descriptor);
int davit_set_hostname(const char *name, size_t count);
int davit_limit(int pid, int resource, uint64_t soft, uint64_t hard);
int davit_new_session(void);
/* Ignores SIGTERM, SIGINT, SIGHUP, SIGPIPE (`on`), or gives every signal its default and empties the mask. */
void davit_ignore_signals(bool on);
int davit_close_on_exec_from(int first);
/* Closes every descriptor >= first that is not in `keep`, which is sorted. */
int davit_close_others(int first, const int *keep, size_t count);
int davit_execve(const char *path, const char *_Nullable const *_Nonnull arguments,
                 const char *_Nullable const *_Nonnull environment);
_Noreturn void davit_exit(int status);
int davit_pid(void);

/* The end of the kernel's log (klogctl); how many bytes that is. */
int64_t davit_kernel_log(void *_Nonnull bytes, size_t count);
/* Opens a pseudoterminal of the devpts at dev/pts below `root`, unlocked, of this size (0 leaves it) and owner. */
int davit_open_terminal(int root, uint16_t rows, uint16_t columns, uint32_t uid, int *ret_master, int *ret_slave);
/* Makes it the controlling terminal of this session, which must have none. */
int davit_control_terminal(int slave);
int davit_resize_terminal(int descriptor, uint16_t rows, uint16_t columns);
/* The rest of a PID 1's life: hands signals to `child`, collects orphans, ends with the child's status or 128 and its
 * signal. Every signal must be blocked: davit_block_signals. Its descriptors are closed. */
_Noreturn void davit_be_init(int child);
void davit_block_signals(void);
/* The new process gets a process group, which becomes the terminal's foreground one where descriptor 0 is a terminal. */
int davit_new_group(void);
/* Landlock: the version of its interface, 0 where there is none. */
int davit_landlock_version(void);
int davit_landlock_ruleset(uint64_t files, uint64_t network, uint64_t scope);
int davit_landlock_allow_path(int ruleset, int path, uint64_t access);
int davit_landlock_allow_port(int ruleset, uint64_t port, uint64_t access);
int davit_landlock_restrict(int ruleset);
struct davit_poll {
    int descriptor;
    int16_t events, ready;
};
int davit_poll_many(struct davit_poll *polls, size_t count, int milliseconds);
/* memchr: the offset of `byte`, or -1. */
int64_t davit_find(const void *bytes, size_t count, uint8_t byte);
/* Fresh memory that costs nothing until it is touched: malloc would dirty a page for its own records. */
void *_Nullable davit_pages(size_t count);
void davit_copy(void *to, const void *from, size_t count);
void davit_move(void *to, const void *from, size_t count);

#pragma clang assume_nonnull end
