/*
 * floor.c - the least this kernel asks for one container set up as Davit sets it up, with no runtime around it:
 * no state, no daemon, no socket, no log, no monitor. One duration in nanoseconds per container.
 *
 *   gcc -O2 -o floor floor.c -lseccomp
 *   floor --directory D --network new|veth|none (--iterations N | --serve) [--cgroup C] [--exec PROGRAM] [--volatile]
 *         [--steps] [--workers W --starts S]
 *
 * D/rootfs is the one read-only layer; upper and work directories are made in D/containers and removed again.
 * `--network none` leaves out the network namespace (in Davit, `"network":"none"` is a new and empty one: `new` here).
 * `--network veth` also puts it on a bridge, with an address and a default route: see veth.h. The bridge is in a network
 * namespace of this process.
 * --workers, --starts: S containers by W processes that start them as fast as they can; one duration for all of them.
 * --volatile: the overlay is never synced. Without it the last unmount syncs the whole file system below the upper
 * directory, so a container's end waits for everybody's writes.
 * --steps prints on stderr, at the end, the median of each step.
 *
 * Timed: directories and cgroup made, a detached overlay on id-mapped layers, clone3 into all eight namespaces and the
 * cgroup, both id maps, the OCI mounts, pivot_root, capabilities, seccomp, exec, exit, everything removed.
 * Made once and not timed: the seccomp program, the id-mapped clone of D, a private mount namespace for this process.
 */
#define _GNU_SOURCE
#include "veth.h"

#include <fcntl.h>
#include <grp.h>
#include <linux/capability.h>
#include <linux/filter.h>
#include <linux/mount.h>
#include <linux/sched.h>
#include <linux/seccomp.h>
#include <sched.h>
#include <seccomp.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>

/* From sys/mount.h, which cannot be included beside linux/mount.h. */
extern int mount(const char *source, const char *target, const char *type, unsigned long flags, const void *data);
extern int umount2(const char *target, int flags);
enum { detach = 2 };

/* Container ids 0..65535 are host ids 100000..165535. */
static const char id_map[] = "0 100000 65536\n";
/* The layers' map needs the host's root too: it makes the overlay, and an unmapped maker gets it read-only. */
static const char layer_map[] = "0 100000 65536\n65536 0 1\n";

enum { prepared, mounted, mapped, wires, started, rooted, filled, pivoted, confined, ended, removed, steps };
static const char *const step_names[steps] = {
    "directories, cgroup", "overlay",    "clone3, id maps",        "veth",
    "child wakes, links inside", "root attached", "OCI mounts", "pivot_root",
    "capabilities, seccomp", "exec, run, exit, release", "removal",
};
/* When each step of this iteration ended; shared with the child. */
static uint64_t *times;

static const char *directory, *program = "/bin/true", *cgroup_parent;
static char *cgroup_own;
static int new_network = 1, wired, is_volatile, plain_fd, layers_fd, cgroup_fd;
/* The bridge's index, and this process's socket to make links by. */
static int bridge, links_fd;
/* What is counted by all workers: links made, containers begun. */
static struct {
    unsigned links, begun;
} *shared;
/* The name of this process's container, and of its directories. */
static char slot[24] = "c";
static long workers, starts;
static struct sock_fprog filter;

/* ------------------------------------------------------------------------------------------- once, not timed */

static void write_file(int at, const char *path, const char *text)
{
    int fd = bench_check(openat(at, path, O_WRONLY | O_CLOEXEC), path);
    if (write(fd, text, strlen(text)) < 0)
        bench_die(path);
    close(fd);
}

static void write_id_maps(pid_t pid, const char *map)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/%d/uid_map", pid);
    write_file(AT_FDCWD, path, map);
    snprintf(path, sizeof path, "/proc/%d/gid_map", pid);
    write_file(AT_FDCWD, path, map);
}

/* What a container may not call: everything the usual default profile keeps for the host's administrator. */
static const char *const refused[] = {
    "acct", "add_key", "bpf", "clock_adjtime", "clock_settime", "create_module", "delete_module", "fanotify_init",
    "finit_module", "fsconfig", "fsmount", "fsopen", "fspick", "get_kernel_syms", "get_mempolicy", "init_module",
    "ioperm", "iopl", "kcmp", "kexec_file_load", "kexec_load", "keyctl", "lookup_dcookie", "mbind", "migrate_pages",
    "mount", "mount_setattr", "move_mount", "move_pages", "nfsservctl", "open_by_handle_at", "open_tree",
    "perf_event_open", "pivot_root", "process_vm_readv", "process_vm_writev", "ptrace", "query_module", "quotactl",
    "quotactl_fd", "reboot", "request_key", "set_mempolicy", "setdomainname", "sethostname", "setns", "settimeofday",
    "stime", "swapoff", "swapon", "_sysctl", "sysfs", "umount2", "unshare", "uselib", "userfaultfd", "ustat",
    "vhangup",
};

static int is_refused(const char *name)
{
    for (size_t i = 0; i < sizeof refused / sizeof *refused; i++)
        if (!strcmp(name, refused[i]))
            return 1;
    return 0;
}

static void allow_all_others(scmp_filter_ctx context)
{
    for (int number = 0; number < 512; number++) {
        char *name = seccomp_syscall_resolve_num_arch(SCMP_ARCH_NATIVE, number);
        if (name && !is_refused(name) && seccomp_rule_add(context, SCMP_ACT_ALLOW, number, 0) < 0)
            bench_die("seccomp_rule_add");
        free(name);
    }
}

/* An allow list of the size of the OCI default profile, compiled once as any agent would cache it. */
static void compile_filter(void)
{
    scmp_filter_ctx context = seccomp_init(SCMP_ACT_ERRNO(ENOSYS));
    int fd = bench_check(memfd_create("filter", MFD_CLOEXEC), "memfd_create");
    allow_all_others(context);
    seccomp_attr_set(context, SCMP_FLTATR_CTL_OPTIMIZE, 2);
    if ((errno = -seccomp_export_bpf(context, fd)))
        bench_die("seccomp_export_bpf");
    seccomp_release(context);
    off_t size = lseek(fd, 0, SEEK_END);
    filter.len = (unsigned short)((size_t)size / sizeof(struct sock_filter));
    filter.filter = mmap(NULL, (size_t)size, PROT_READ, MAP_PRIVATE, fd, 0);
    if (filter.filter == MAP_FAILED)
        bench_die("mmap");
    close(fd);
}

/* A user namespace with the layers' map; its only process is gone when this returns. */
static int open_layer_namespace(void)
{
    struct clone_args arguments = {.flags = CLONE_NEWUSER, .exit_signal = SIGCHLD};
    char path[64];
    pid_t pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
    if (bench_check(pid, "clone3") == 0)
        for (;;)
            pause();
    write_id_maps(pid, layer_map);
    snprintf(path, sizeof path, "/proc/%d/ns/user", pid);
    int fd = bench_check(open(path, O_RDONLY | O_CLOEXEC), path);
    kill(pid, SIGKILL);
    waitpid(pid, NULL, 0);
    return fd;
}

/* One id-mapped clone of the whole directory, attached over itself: kernels before 6.13 want attached layers. */
static void map_layers(void)
{
    struct mount_attr attributes = {.attr_set = MOUNT_ATTR_IDMAP, .userns_fd = (uint64_t)open_layer_namespace()};
    int flags = OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC;
    plain_fd = bench_check(open(directory, O_PATH | O_DIRECTORY | O_CLOEXEC), directory);
    layers_fd = bench_check((int)syscall(SYS_open_tree, AT_FDCWD, directory, flags), "open_tree");
    if (syscall(SYS_mount_setattr, layers_fd, "", AT_EMPTY_PATH, &attributes, sizeof attributes) < 0)
        bench_die("mount_setattr: id-mapped layers");
    if (syscall(SYS_move_mount, layers_fd, "", AT_FDCWD, directory, MOVE_MOUNT_F_EMPTY_PATH) < 0)
        bench_die("move_mount: id-mapped layers");
    close((int)attributes.userns_fd);
}

static void make_cgroup_parent(void)
{
    if (!cgroup_parent)
        cgroup_parent = access("/sys/fs/cgroup/cgroup.controllers", F_OK) ? "/sys/fs/cgroup/unified" : "/sys/fs/cgroup";
    bench_check(asprintf(&cgroup_own, "%s/davit-bench-floor-%d", cgroup_parent, getpid()), "asprintf");
    bench_check(mkdir(cgroup_own, 0755), cgroup_own);
    cgroup_fd = bench_check(open(cgroup_own, O_PATH | O_DIRECTORY | O_CLOEXEC), cgroup_own);
}

/* Zeros that children see the changes of. */
static void *share(size_t size)
{
    void *memory = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
    if (memory == MAP_FAILED)
        bench_die("mmap");
    return memory;
}

static void prepare(void)
{
    compile_filter();
    bench_check(unshare(CLONE_NEWNS | (wired ? CLONE_NEWNET : 0)), "unshare");
    bench_check(mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL), "private mounts");
    map_layers();
    bench_check(fchdir(layers_fd), directory);
    if ((mkdir("containers", 0755) < 0 || mkdir("attach", 0755) < 0) && errno != EEXIST)
        bench_die("mkdir");
    make_cgroup_parent();
    shared = share(sizeof *shared);
    times = share(sizeof *times * steps);
    if (!wired)
        return;
    links_fd = netlink_socket(NETLINK_ROUTE);
    bridge = veth_make_bridge(links_fd);
}

/* ------------------------------------------------------------------------------------------- inside the container */

struct attachment {
    const char *source, *target, *type;
    unsigned long flags;
    const char *data;
};
enum { nothing_special = MS_NOSUID | MS_NOEXEC | MS_NODEV };

static const struct attachment file_systems[] = {
    {"proc", "proc", "proc", nothing_special, NULL},
    {"tmpfs", "dev", "tmpfs", MS_NOSUID | MS_STRICTATIME, "mode=755,size=65536k"},
};
static const struct attachment device_systems[] = {
    {"devpts", "dev/pts", "devpts", MS_NOSUID | MS_NOEXEC, "newinstance,ptmxmode=0666,mode=0620,gid=5"},
    {"shm", "dev/shm", "tmpfs", nothing_special, "mode=1777,size=65536k"},
    {"mqueue", "dev/mqueue", "mqueue", nothing_special, NULL},
};
static const struct attachment own_sysfs = {"sysfs", "sys", "sysfs", nothing_special | MS_RDONLY, NULL};
/* A sysfs of one's own needs a network namespace of one's own. */
static const struct attachment host_sysfs = {"/sys", "sys", NULL, MS_BIND | MS_REC, NULL};

/* Bound, not made: mknod of a device is refused in a user namespace. */
static const char *const nodes[] = {"dev/null", "dev/zero", "dev/full", "dev/random", "dev/urandom", "dev/tty"};
static const char *const links[][2] = {
    {"/proc/self/fd", "dev/fd"},         {"/proc/self/fd/0", "dev/stdin"}, {"/proc/self/fd/1", "dev/stdout"},
    {"/proc/self/fd/2", "dev/stderr"}, {"pts/ptmx", "dev/ptmx"},
};
static const char *const masked_files[] = {
    "proc/kcore", "proc/keys", "proc/latency_stats", "proc/timer_list", "proc/timer_stats", "proc/sched_debug",
};
static const char *const masked_directories[] = {
    "proc/acpi", "proc/asound", "proc/scsi", "sys/firmware", "sys/devices/virtual/powercap",
};
static const char *const read_only[] = {"proc/bus", "proc/fs", "proc/irq", "proc/sys", "proc/sysrq-trigger"};

#define each(item, list) (size_t item = 0; item < sizeof(list) / sizeof *(list); item++)

static void attach(const struct attachment *it)
{
    bench_check(mount(it->source, it->target, it->type, it->flags, it->data), it->target);
}

static void fill_dev(void)
{
    char host[32];
    for each (i, nodes) {
        snprintf(host, sizeof host, "/%s", nodes[i]);
        close(bench_check(open(nodes[i], O_CREAT | O_WRONLY | O_CLOEXEC, 0666), nodes[i]));
        bench_check(mount(host, nodes[i], NULL, MS_BIND, NULL), nodes[i]);
    }
    for each (i, links)
        bench_check(symlink(links[i][0], links[i][1]), links[i][1]);
    for each (i, device_systems) {
        bench_check(mkdir(device_systems[i].target, 0755), device_systems[i].target);
        attach(&device_systems[i]);
    }
}

/* For a path that this kernel does not have there is nothing to mask. */
static void unless_absent(int result, const char *path)
{
    if (result < 0 && errno != ENOENT)
        bench_die(path);
}

static void mask(void)
{
    for each (i, masked_files)
        unless_absent(mount("dev/null", masked_files[i], NULL, MS_BIND, NULL), masked_files[i]);
    for each (i, masked_directories)
        unless_absent(mount("tmpfs", masked_directories[i], "tmpfs", MS_RDONLY, "size=0k"), masked_directories[i]);
    for each (i, read_only) {
        unless_absent(mount(read_only[i], read_only[i], NULL, MS_BIND | MS_REC, NULL), read_only[i]);
        unsigned long flags = MS_REMOUNT | MS_BIND | MS_RDONLY | nothing_special;
        unless_absent(mount(NULL, read_only[i], NULL, flags, NULL), read_only[i]);
    }
}

/* Before pivot_root: a new proc or sysfs is only given to who still sees the host's whole one. */
static void fill_root(void)
{
    for each (i, file_systems)
        attach(&file_systems[i]);
    fill_dev();
    attach(new_network ? &own_sysfs : &host_sysfs);
    mask();
}

static void keep_fourteen_capabilities(void)
{
    static const int kept[] = {
        CAP_AUDIT_WRITE, CAP_CHOWN,  CAP_DAC_OVERRIDE, CAP_FOWNER, CAP_FSETID, CAP_KILL,   CAP_MKNOD,
        CAP_NET_BIND_SERVICE, CAP_NET_RAW, CAP_SETFCAP, CAP_SETGID, CAP_SETPCAP, CAP_SETUID, CAP_SYS_CHROOT,
    };
    uint64_t set = 0;
    for each (i, kept)
        set |= UINT64_C(1) << kept[i];
    for (int capability = 0; capability <= CAP_LAST_CAP; capability++)
        if (!(set >> capability & 1))
            prctl(PR_CAPBSET_DROP, capability, 0, 0, 0);
    struct __user_cap_header_struct header = {.version = _LINUX_CAPABILITY_VERSION_3};
    uint32_t low = (uint32_t)set, high = (uint32_t)(set >> 32);
    struct __user_cap_data_struct data[2] = {{low, low, 0}, {high, high, 0}};
    bench_check((int)syscall(SYS_capset, &header, data), "capset");
}

static void confine(void)
{
    bench_check(sethostname("floor", 5), "sethostname");
    setsid();
    keep_fourteen_capabilities();
    bench_check(prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0), "no_new_privs");
    bench_check((int)syscall(SYS_seccomp, SECCOMP_SET_MODE_FILTER, 0, &filter), "seccomp");
}

static void become_root(void)
{
    bench_check(setresgid(0, 0, 0), "setresgid");
    bench_check(setgroups(0, NULL), "setgroups");
    bench_check(setresuid(0, 0, 0), "setresuid");
}

__attribute__((noreturn)) static void run_child(int root_fd, int mapped_fd)
{
    uint32_t address;
    if (read(mapped_fd, &address, sizeof address) != sizeof address)
        bench_die("id maps");
    become_root();
    if (new_network)
        veth_put_in_order(address);
    times[started] = bench_now();
    bench_check((int)syscall(SYS_move_mount, root_fd, "", AT_FDCWD, "attach", MOVE_MOUNT_F_EMPTY_PATH), "move_mount");
    bench_check(fchdir(root_fd), "fchdir");
    times[rooted] = bench_now();
    fill_root();
    times[filled] = bench_now();
    bench_check((int)syscall(SYS_pivot_root, ".", "."), "pivot_root");
    bench_check(umount2(".", detach), "umount2");
    bench_check(chdir("/"), "chdir");
    times[pivoted] = bench_now();
    confine();
    times[confined] = bench_now();
    char *arguments[] = {(char *)program, NULL}, *environment[] = {"PATH=/usr/bin:/bin", NULL};
    execve(program, arguments, environment);
    bench_die(program);
}

/* ------------------------------------------------------------------------------------------- one container */

/* A path in this process's own directory; valid until the next call. */
static const char *own(const char *path)
{
    static char text[96];
    snprintf(text, sizeof text, "containers/%s%s", slot, path);
    return text;
}

/* Made outside the id-mapped clone, so that root owns them on disk and in the container. */
static void make_directories(void)
{
    bench_check(mkdirat(cgroup_fd, slot, 0755), "cgroup");
    bench_check(mkdirat(plain_fd, own(""), 0700), "containers/c");
    bench_check(mkdirat(plain_fd, own("/upper"), 0755), "upper");
    bench_check(mkdirat(plain_fd, own("/work"), 0700), "work");
}

static void remove_directories(void)
{
    static const char *const marks[] = {"/work/work/incompat/volatile", "/work/work/incompat"};
    static const char *const made[] = {"/work/work", "/work", "/upper", ""};
    if (is_volatile)
        bench_check(unlinkat(plain_fd, own("/work/work/incompat/volatile/dirty"), 0), "dirty");
    for (size_t i = is_volatile ? 0 : 2; i < 2; i++)
        bench_check(unlinkat(plain_fd, own(marks[i]), AT_REMOVEDIR), marks[i]);
    for each (i, made)
        bench_check(unlinkat(plain_fd, own(made[i]), AT_REMOVEDIR), own(made[i]));
    while (unlinkat(cgroup_fd, slot, AT_REMOVEDIR) < 0)
        if (errno != EBUSY)
            bench_die("rmdir cgroup");
}

static void set_option(int fs, unsigned command, const char *key, const char *value)
{
    bench_check((int)syscall(SYS_fsconfig, fs, command, key, value, 0), key ? key : "overlay");
}

/* Relative names: this process stands in the id-mapped clone. */
static int mount_overlay(void)
{
    int fs = bench_check((int)syscall(SYS_fsopen, "overlay", FSOPEN_CLOEXEC), "fsopen");
    set_option(fs, FSCONFIG_SET_STRING, "lowerdir", "rootfs");
    set_option(fs, FSCONFIG_SET_STRING, "upperdir", own("/upper"));
    set_option(fs, FSCONFIG_SET_STRING, "workdir", own("/work"));
    if (is_volatile)
        set_option(fs, FSCONFIG_SET_FLAG, "volatile", NULL);
    set_option(fs, FSCONFIG_CMD_CREATE, NULL, NULL);
    int root = bench_check((int)syscall(SYS_fsmount, fs, FSMOUNT_CLOEXEC, 0), "fsmount");
    close(fs);
    return root;
}

/* Returns the address that the container shall have: one that nobody has had for a while, as its link's name. */
static uint32_t connect_network(pid_t pid)
{
    unsigned number = __atomic_fetch_add(&shared->links, 1, __ATOMIC_RELAXED);
    veth_make(links_fd, bridge, number, pid);
    return veth_network + 2 + number % 65000;
}

/* The container's first process, mapped, connected and released; returns its pidfd. */
static int start(int root)
{
    int pidfd = -1, pipes[2], group = bench_check(openat(cgroup_fd, slot, O_PATH | O_DIRECTORY | O_CLOEXEC), slot);
    bench_check(pipe2(pipes, O_CLOEXEC), "pipe2");
    struct clone_args arguments = {
        .flags = CLONE_PIDFD | CLONE_INTO_CGROUP | CLONE_NEWUSER | CLONE_NEWNS | CLONE_NEWPID | CLONE_NEWIPC |
                 CLONE_NEWUTS | CLONE_NEWCGROUP | (new_network ? CLONE_NEWNET : 0),
        .pidfd = (uint64_t)(uintptr_t)&pidfd,
        .exit_signal = SIGCHLD,
        .cgroup = (uint64_t)group,
    };
    pid_t pid = (pid_t)syscall(SYS_clone3, &arguments, sizeof arguments);
    if (bench_check(pid, "clone3") == 0)
        run_child(root, pipes[0]);
    write_id_maps(pid, id_map);
    times[mapped] = bench_now();
    uint32_t address = wired ? connect_network(pid) : 0;
    times[wires] = bench_now();
    bench_check((int)write(pipes[1], &address, sizeof address), "pipe");
    close(pipes[0]);
    close(pipes[1]);
    close(group);
    close(root);
    return pidfd;
}

static void wait_for(int pidfd)
{
    siginfo_t info;
    while (waitid(P_PIDFD, (id_t)pidfd, &info, WEXITED) < 0)
        if (errno != EINTR)
            bench_die("waitid");
    close(pidfd);
    if (info.si_code != CLD_EXITED || info.si_status != 0) {
        dprintf(STDERR_FILENO, "floor: the container failed: code %d status %d\n", info.si_code, info.si_status);
        _exit(99);
    }
}

enum { most_recorded = 10000 };
static uint64_t recorded[steps][most_recorded];
static size_t records;

static void record(uint64_t begin)
{
    for (int step = 0; records < most_recorded && step < steps; step++)
        recorded[step][records] = times[step] - (step > 0 ? times[step - 1] : begin);
    records += records < most_recorded;
}

static uint64_t iteration(void)
{
    uint64_t begin = bench_now();
    make_directories();
    times[prepared] = bench_now();
    int root = mount_overlay();
    times[mounted] = bench_now();
    wait_for(start(root));
    times[ended] = bench_now();
    remove_directories();
    times[removed] = bench_now();
    record(begin);
    return times[removed] - begin;
}

/* ------------------------------------------------------------------------------------------- many at once */

__attribute__((noreturn)) static void run_worker(long number)
{
    snprintf(slot, sizeof slot, "c%ld", number);
    times = share(sizeof *times * steps);
    if (wired)
        links_fd = netlink_socket(NETLINK_ROUTE);
    while (!bench_interrupted && __atomic_fetch_add(&shared->begun, 1, __ATOMIC_RELAXED) < (unsigned)starts)
        iteration();
    _exit(0);
}

/* All starts by all workers; the workers' own making is inside the time. */
static uint64_t crowd(void)
{
    uint64_t begin = bench_now();
    int status, failed = 0;
    shared->begun = 0;
    for (long number = 0; number < workers; number++)
        if (bench_check(fork(), "fork") == 0)
            run_worker(number);
    for (pid_t pid; (pid = wait(&status)) > 0 || errno == EINTR;)
        failed |= pid > 0 && status;
    if (failed)
        exit(99);
    return bench_now() - begin;
}

/* ------------------------------------------------------------------------------------------- all of it */

static int compare(const void *left, const void *right)
{
    uint64_t a = *(const uint64_t *)left, b = *(const uint64_t *)right;
    return (a > b) - (a < b);
}

static void print_steps(void)
{
    for (int step = 0; records > 0 && step < steps; step++) {
        qsort(recorded[step], records, sizeof *recorded[step], compare);
        fprintf(stderr, "%8.1f us  %s\n", (double)recorded[step][records / 2] / 1e3, step_names[step]);
    }
}

static void clean_up(void)
{
    unlinkat(cgroup_fd, "c", AT_REMOVEDIR);
    rmdir(cgroup_own);
    rmdir("containers");
    rmdir("attach");
}

int main(int argc, char **argv)
{
    long count = -1;
    int print = 0;
    for (int i = 1; i < argc; i++) {
        const char *value = i + 1 < argc ? argv[i + 1] : "";
        if (!strcmp(argv[i], "--serve"))
            count = 0;
        else if (!strcmp(argv[i], "--steps"))
            print = 1;
        else if (!strcmp(argv[i], "--volatile"))
            is_volatile = 1;
        else if (!strcmp(argv[i], "--iterations"))
            count = bench_count(value), i++;
        else if (!strcmp(argv[i], "--directory"))
            directory = value, i++;
        else if (!strcmp(argv[i], "--network"))
            new_network = strcmp(value, "none") != 0, wired = !strcmp(value, "veth"), i++;
        else if (!strcmp(argv[i], "--workers"))
            workers = bench_count(value), i++;
        else if (!strcmp(argv[i], "--starts"))
            starts = bench_count(value), i++;
        else if (!strcmp(argv[i], "--cgroup"))
            cgroup_parent = value, i++;
        else if (!strcmp(argv[i], "--exec"))
            program = value, i++;
    }
    if (!directory || count < 0 || !workers != !starts) {
        fprintf(stderr, "usage: floor --directory D [--network new|veth|none] (--iterations N | --serve) [--steps]\n");
        return 2;
    }
    prepare();
    atexit(clean_up);
    bench_loop(count, workers ? crowd : iteration);
    if (print)
        print_steps();
    return 0;
}
