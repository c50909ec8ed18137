/* What can a program do from inside a container? Prints `held NAME` or `hole NAME: detail` for each way out that it tries,
   and ends with the number of holes. Static: it runs in an image with nothing else in it. */
#define _GNU_SOURCE
#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/audit.h>
#include <linux/bpf.h>
#include <linux/capability.h>
#include <linux/keyctl.h>
#include <linux/netlink.h>
#include <linux/perf_event.h>
#include <linux/sched.h>
#include <linux/vm_sockets.h>
#include <net/if.h>
#include <sched.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mount.h>
#include <sys/personality.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>
#include <sys/quota.h>
#include <sys/reboot.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/swap.h>
#include <sys/syscall.h>
#include <sys/sysmacros.h>
#include <sys/time.h>
#include <sys/uio.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <unistd.h>

#ifndef SYS_open_tree
#define SYS_open_tree 428
#define SYS_move_mount 429
#define SYS_fsopen 430
#define SYS_fspick 433
#endif
#ifndef SYS_mount_setattr
#define SYS_mount_setattr 442
#endif

static int held, holes;

static void report(const char *name, bool is_hole, const char *format, ...)
{
    if (!is_hole) {
        held++;
        printf("held %s\n", name);
        return;
    }
    holes++;
    printf("hole %s: ", name);
    va_list arguments;
    va_start(arguments, format);
    vprintf(format, arguments);
    va_end(arguments);
    printf("\n");
}

/* A call that must fail. */
static void refused(const char *name, long result) { report(name, result >= 0, "it answered %ld", result); }

/* A call that must not get past the first door: other errors mean that the kernel's own code was reached. */
static void unreachable(const char *name, long result)
{
    report(name, result >= 0 || (errno != EPERM && errno != ENOSYS && errno != EACCES && errno != EAFNOSUPPORT),
           "it answered %ld: %s", result, result < 0 ? strerror(errno) : "done");
}

/* What a body does in a process of its own; 0 is a hole. */
static bool child_succeeds(int (*body)(void))
{
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0)
        _exit(body() ? 1 : 0);
    int status = 1;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

static void child(const char *name, int (*body)(void)) { report(name, child_succeeds(body), "it worked"); }

static uint64_t status_field(const char *key, int base)
{
    FILE *file = fopen("/proc/self/status", "r");
    char line[512];
    uint64_t value = UINT64_MAX;
    while (file && fgets(line, sizeof line, file))
        if (!strncmp(line, key, strlen(key)))
            value = strtoull(line + strlen(key), NULL, base);
    if (file)
        fclose(file);
    return value;
}

/* Whether a file holds anything: hidden ones are empty, or not there. */
static long content(const char *path)
{
    int file = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC);
    char bytes[4096];
    long got = file < 0 ? 0 : read(file, bytes, sizeof bytes);
    if (file >= 0)
        close(file);
    return got > 0 ? got : 0;
}

static long entries(const char *path)
{
    DIR *directory = opendir(path);
    long count = 0;
    for (struct dirent *entry; directory && (entry = readdir(directory));)
        count += entry->d_name[0] != '.';
    if (directory)
        closedir(directory);
    return count;
}

static void unwritable(const char *path)
{
    char name[256];
    snprintf(name, sizeof name, "write%s", path);
    int file = open(path, O_WRONLY | O_CLOEXEC);
    report(name, file >= 0, "it can be opened for writing");
    if (file >= 0)
        close(file);
}

static void hidden(const char *path)
{
    char name[256];
    struct stat status;
    snprintf(name, sizeof name, "hidden%s", path);
    bool is_directory = !stat(path, &status) && S_ISDIR(status.st_mode);
    long found = is_directory ? entries(path) : content(path);
    report(name, found > 0, "it shows %ld %s", found, is_directory ? "names" : "bytes");
}

/* MARK: capabilities and identity */

#define STANDARD 0xa80425fbull

static int gain_by_setuid(void)
{
    /* A copy of this program, set-uid root, run as another user: does it become root? */
    char copy[] = "/tmp-probe-setuid";
    int from = open("/proc/self/exe", O_RDONLY), to = open(copy, O_CREAT | O_WRONLY | O_TRUNC, 0755);
    char bytes[65536];
    for (ssize_t got; from >= 0 && to >= 0 && (got = read(from, bytes, sizeof bytes)) > 0;)
        if (write(to, bytes, (size_t)got) != got)
            return 1;
    if (from < 0 || to < 0 || fchmod(to, 04755))
        return 1;
    close(to);
    if (setresgid(1000, 1000, 1000) || setresuid(1000, 1000, 1000))
        return 1;
    fflush(stdout);
    pid_t pid = fork();
    if (pid == 0) {
        execl(copy, copy, "am-i-root", (char *)NULL);
        _exit(1);
    }
    int status = 1;
    waitpid(pid, &status, 0);
    return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? 0 : 1;
}

static void identity(void)
{
    uint64_t effective = status_field("CapEff:", 16), bounding = status_field("CapBnd:", 16);
    report("capabilities-effective", effective & ~STANDARD, "%llx", (unsigned long long)(effective & ~STANDARD));
    report("capabilities-permitted", status_field("CapPrm:", 16) & ~STANDARD, "more than the standard set");
    report("capabilities-bounding", bounding & ~STANDARD, "%llx", (unsigned long long)(bounding & ~STANDARD));
    report("capabilities-inheritable", status_field("CapInh:", 16), "not empty");
    report("capabilities-ambient", status_field("CapAmb:", 16), "not empty");
    report("no-new-privileges", status_field("NoNewPrivs:", 10) != 1, "not set");
    report("seccomp-mode", status_field("Seccomp:", 10) != 2, "no filter");
    child("setuid-gains-nothing", gain_by_setuid);
    unlink("/tmp-probe-setuid");
    FILE *map = fopen("/proc/self/uid_map", "r");
    unsigned inside = 0, outside = 0, count = 0;
    bool mapped = map && fscanf(map, "%u %u %u", &inside, &outside, &count) == 3 && outside != 0;
    if (map)
        fclose(map);
    report("root-is-nobody-outside", !mapped, "uid 0 is the host's");
}

/* MARK: mounts and namespaces */

static int new_user(void) { return unshare(CLONE_NEWUSER); }
static int new_mount(void) { return unshare(CLONE_NEWNS); }
static int new_pid(void) { return unshare(CLONE_NEWPID); }
static int new_network(void) { return unshare(CLONE_NEWNET); }
static int new_ipc(void) { return unshare(CLONE_NEWIPC); }
static int new_uts(void) { return unshare(CLONE_NEWUTS); }
static int new_cgroup(void) { return unshare(CLONE_NEWCGROUP); }
static int new_time(void) { return unshare(0x80); }
static int by_clone(void)
{
    long pid = syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, NULL, NULL, NULL, NULL);
    if (pid == 0)
        _exit(0);
    return pid < 0;
}
static int by_clone3(void)
{
    struct clone_args arguments = { .flags = CLONE_NEWUSER, .exit_signal = SIGCHLD };
    long pid = syscall(SYS_clone3, &arguments, sizeof arguments);
    if (pid == 0)
        _exit(0);
    return pid < 0;
}
static int mount_tmpfs(void) { return mount("x", "/", "tmpfs", 0, ""); }
static int mount_proc(void) { return mount("proc", "/proc", "proc", 0, ""); }
static int mount_bind(void) { return mount("/", "/proc", NULL, MS_BIND, NULL); }
static int remount_proc(void) { return mount(NULL, "/proc/sys", NULL, MS_REMOUNT | MS_BIND, NULL); }
static int unmount_proc(void) { return umount2("/proc/kcore", MNT_DETACH); }
static int unmount_sys(void) { return umount2("/proc/sys", MNT_DETACH); }
static int change_root(void)
{
    /* The oldest trick: leave a directory open, change the root below it, climb. */
    int outside = open("/", O_DIRECTORY);
    if (mkdir("/probe-root", 0755) && errno != EEXIST)
        return 1;
    struct stat before, after;
    if (stat("/", &before) || chroot("/probe-root") || fchdir(outside))
        return 1;
    for (int i = 0; i < 64; i++)
        if (chdir(".."))
            return 1;
    if (chroot(".") || stat("/", &after))
        return 1;
    /* The container's own root again is no way out. */
    return before.st_ino == after.st_ino && before.st_dev == after.st_dev;
}

static int join(const char *name)
{
    char path[64];
    snprintf(path, sizeof path, "/proc/1/ns/%s", name);
    int file = open(path, O_RDONLY | O_CLOEXEC);
    return file < 0 ? 1 : setns(file, 0);
}
static int join_mount(void) { return join("mnt"); }
static int join_user(void) { return join("user"); }
static int join_network(void) { return join("net"); }
static int join_uts(void) { return join("uts"); }

static void mounts(void)
{
    child("unshare-user", new_user);
    child("unshare-mount", new_mount);
    child("unshare-pid", new_pid);
    child("unshare-network", new_network);
    child("unshare-ipc", new_ipc);
    child("unshare-uts", new_uts);
    child("unshare-cgroup", new_cgroup);
    child("unshare-time", new_time);
    child("clone-user", by_clone);
    child("clone3-user", by_clone3);
    child("setns-mount", join_mount);
    child("setns-user", join_user);
    child("setns-network", join_network);
    child("setns-uts", join_uts);
    child("mount-tmpfs", mount_tmpfs);
    child("mount-proc", mount_proc);
    child("mount-bind", mount_bind);
    child("remount-proc", remount_proc);
    child("umount-mask", unmount_proc);
    child("umount-proc-sys", unmount_sys);
    child("chroot-escape", change_root);
    rmdir("/probe-root");
    unreachable("pivot_root", syscall(SYS_pivot_root, "/", "/"));
    unreachable("fsopen", syscall(SYS_fsopen, "tmpfs", 1));
    unreachable("open_tree", syscall(SYS_open_tree, AT_FDCWD, "/", 1 | 0x80000));
    unreachable("move_mount", syscall(SYS_move_mount, -1, "", -1, "", 4 | 0x40));
    unreachable("fspick", syscall(SYS_fspick, AT_FDCWD, "/", 1));
    unreachable("mount_setattr", syscall(SYS_mount_setattr, AT_FDCWD, "/", 0, NULL, 0));
}

/* MARK: the kernel's inner doors */

static int node(mode_t kind, unsigned major_number, unsigned minor_number)
{
    int result = mknod("/probe-node", kind | 0600, makedev(major_number, minor_number));
    int file = result ? -1 : open("/probe-node", O_RDONLY | O_NONBLOCK);
    unlink("/probe-node");
    return file >= 0 ? 0 : 1;
}
static int block_node(void) { return node(S_IFBLK, 7, 0); }
static int memory_node(void) { return node(S_IFCHR, 1, 1); }
static int log_node(void) { return node(S_IFCHR, 1, 11); }
static int null_node(void)
{
    int result = mknod("/probe-node", S_IFCHR | 0600, makedev(1, 3));
    unlink("/probe-node");
    return result;
}
static int set_clock(void)
{
    struct timeval now;
    gettimeofday(&now, NULL);
    return settimeofday(&now, NULL);
}
static int push_input(void)
{
    /* Into a terminal that is not our controlling one: such is the one that somebody shared with us. */
    int master = open("/dev/ptmx", O_RDWR | O_NOCTTY), unlock = 0;
    char name[32], byte = 'x';
    unsigned number;
    if (master < 0 || ioctl(master, TIOCSPTLCK, &unlock) || ioctl(master, TIOCGPTN, &number))
        return 1;
    snprintf(name, sizeof name, "/dev/pts/%u", number);
    setsid();
    int terminal = open(name, O_RDWR | O_NOCTTY);
    return terminal < 0 ? 1 : ioctl(terminal, TIOCSTI, &byte);
}

static void kernel(void)
{
    unreachable("add_key", syscall(SYS_add_key, "user", "probe", "x", 1, KEY_SPEC_PROCESS_KEYRING));
    unreachable("request_key", syscall(SYS_request_key, "user", "probe", NULL, 0));
    unreachable("keyctl", syscall(SYS_keyctl, KEYCTL_GET_KEYRING_ID, KEY_SPEC_SESSION_KEYRING, 1));
    union bpf_attr attributes = { .map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1 };
    unreachable("bpf", syscall(SYS_bpf, BPF_MAP_CREATE, &attributes, sizeof attributes));
    struct perf_event_attr event = { .type = PERF_TYPE_SOFTWARE, .size = sizeof event, .config = PERF_COUNT_SW_CPU_CLOCK };
    unreachable("perf_event_open", syscall(SYS_perf_event_open, &event, 0, -1, -1, 0));
    unreachable("userfaultfd", syscall(SYS_userfaultfd, O_CLOEXEC));
    unreachable("userfaultfd-user", syscall(SYS_userfaultfd, O_CLOEXEC | 1));
    unreachable("io_uring", syscall(SYS_io_uring_setup, 1, NULL));
    unreachable("kexec_load", syscall(SYS_kexec_load, 0, 0, NULL, 0xffff0000));
    unreachable("init_module", syscall(SYS_init_module, NULL, 0, ""));
    unreachable("finit_module", syscall(SYS_finit_module, -1, "", 0));
    unreachable("delete_module", syscall(SYS_delete_module, "probe", O_NONBLOCK));
    unreachable("reboot", syscall(SYS_reboot, 0, 0, 0, NULL));
    unreachable("swapon", syscall(SYS_swapon, "/nowhere", 0));
    unreachable("quotactl", syscall(SYS_quotactl, QCMD(Q_SYNC, USRQUOTA), NULL, 0, NULL));
    unreachable("acct", syscall(SYS_acct, "/nowhere"));
    unreachable("syslog", syscall(SYS_syslog, 10, NULL, 0));
    unreachable("kcmp", syscall(SYS_kcmp, getpid(), getpid(), 0, 0, 0));
    unreachable("open_by_handle_at", syscall(SYS_open_by_handle_at, AT_FDCWD, NULL, 0));
    unreachable("fanotify_init", syscall(SYS_fanotify_init, 0, O_RDONLY));
    unreachable("process_vm_readv", syscall(SYS_process_vm_readv, getpid(), NULL, 0, NULL, 0, 0));
    unreachable("process_vm_writev", syscall(SYS_process_vm_writev, getpid(), NULL, 0, NULL, 0, 0));
    unreachable("pidfd_getfd", syscall(438, -1, 0, 0));
    unreachable("vhangup", syscall(SYS_vhangup));
    unreachable("sethostname", sethostname("probe", 5));
    unreachable("personality-no-randomize", personality(ADDR_NO_RANDOMIZE));
    child("settimeofday", set_clock);
    child("terminal-input", push_input);
#ifdef SYS_iopl
    unreachable("iopl", syscall(SYS_iopl, 3));
    unreachable("ioperm", syscall(SYS_ioperm, 0x80, 1, 1));
    unreachable("modify-x32", syscall(0x40000000 | SYS_getpid));
#endif
}

static void devices(void)
{
    child("device-null-node", null_node);
    child("device-disk", block_node);
    child("device-memory", memory_node);
    child("device-kernel-log", log_node);
    refused("open-dev-mem", open("/dev/mem", O_RDONLY));
    refused("open-dev-kmsg", open("/dev/kmsg", O_RDONLY | O_NONBLOCK));
    long strange = 0;
    static const char *known[] = { "null",  "zero",   "full",   "random", "urandom", "tty",     "ptmx", "pts",
                                   "shm",   "mqueue", "fd",     "stdin",  "stdout",  "stderr",  "core", "console" };
    DIR *directory = opendir("/dev");
    for (struct dirent *entry; directory && (entry = readdir(directory));) {
        bool is_known = entry->d_name[0] == '.';
        for (size_t i = 0; i < sizeof known / sizeof *known; i++)
            is_known |= !strcmp(entry->d_name, known[i]);
        strange += !is_known;
    }
    report("dev-holds-only-the-known", strange, "%ld others", strange);
}

/* MARK: sockets */

static void family(const char *name, int number, int type, int protocol)
{
    int descriptor = socket(number, type | SOCK_CLOEXEC, protocol);
    report(name, descriptor >= 0, "a socket was made");
    if (descriptor >= 0)
        close(descriptor);
}

static void sockets(void)
{
    family("socket-vsock", AF_VSOCK, SOCK_STREAM, 0);
    family("socket-alg", 38, SOCK_SEQPACKET, 0);
    family("socket-bluetooth", 31, SOCK_RAW, 1);
    family("socket-can", 29, SOCK_RAW, 1);
    family("socket-xdp", 44, SOCK_RAW, 0);
    family("socket-key", 15, SOCK_RAW, 2);
    family("socket-tipc", 30, SOCK_RDM, 0);
    family("socket-rds", 21, SOCK_SEQPACKET, 0);
    /* Audit messages may be sent; the audit's state must not be read. */
    int audit = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_AUDIT);
    struct nlmsghdr request = { .nlmsg_len = sizeof request, .nlmsg_type = AUDIT_GET, .nlmsg_flags = NLM_F_REQUEST | NLM_F_ACK };
    char answer[1024];
    bool told = audit >= 0 && send(audit, &request, sizeof request, 0) > 0 && recv(audit, answer, sizeof answer, MSG_DONTWAIT) > 0;
    struct nlmsghdr *reply = (struct nlmsghdr *)answer;
    report("netlink-audit", told && reply->nlmsg_type == AUDIT_GET, "its state was told");
    /* Interfaces and addresses of others: only those of a network of its own may be changed, and here not even those. */
    int control = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
    struct ifreq lo = { .ifr_name = "lo", .ifr_flags = 0 };
    refused("network-interface-down", ioctl(control, SIOCSIFFLAGS, &lo));
    /* Abstract sockets in sight are its own network's. */
    FILE *list = fopen("/proc/net/unix", "r");
    char line[512];
    int found = 0;
    while (list && fgets(line, sizeof line, list))
        found += strchr(line, '@') != NULL;
    if (list)
        fclose(list);
    report("abstract-sockets-of-the-host", found, "%d in sight", found);
}

/* MARK: processes and descriptors */

static int signal_others(void)
{
    for (int pid = getpid() + 1000; pid < getpid() + 33768; pid++)
        if (!kill(pid, 0))
            return 0;
    return 1;
}
static int trace_first(void)
{
    if (getppid() == 0)
        return 1;
    return ptrace(PTRACE_SEIZE, 0, 0, 0) ? 1 : 0;
}

static void processes(void)
{
    long count = 0;
    DIR *directory = opendir("/proc");
    for (struct dirent *entry; directory && (entry = readdir(directory));)
        count += entry->d_name[0] > '0' && entry->d_name[0] <= '9';
    if (directory)
        closedir(directory);
    report("sees-only-its-own", count > 2, "%ld processes", count);
    report("is-first-of-its-own", getpid() > 2, "it is process %d", getpid());
    child("signals-others", signal_others);
    child("traces-the-monitor", trace_first);
    long stray = 0;
    for (int i = 3; i < 1024; i++)
        stray += fcntl(i, F_GETFD) >= 0;
    report("no-stray-descriptor", stray, "%ld beside 0, 1 and 2", stray);
    /* Nothing that stands behind a stream is a directory, from where one could climb. */
    bool directory_behind = false;
    for (int i = 0; i < 3; i++) {
        struct stat status;
        directory_behind |= !fstat(i, &status) && S_ISDIR(status.st_mode);
    }
    report("no-directory-behind-a-stream", directory_behind, "a stream is a directory");
    /* The program that started us must not be there to be overwritten. */
    char path[4096];
    ssize_t length = readlink("/proc/1/exe", path, sizeof path - 1);
    path[length > 0 ? length : 0] = 0;
    int exe = length > 0 ? open("/proc/1/exe", O_WRONLY) : -1;
    report("monitor-is-out-of-reach", strstr(path, "davit") || exe >= 0, "process 1 is %s", path);
    struct stat root, first;
    bool same = !stat("/", &root) && (stat("/proc/1/root/", &first) || (root.st_ino == first.st_ino && root.st_dev == first.st_dev));
    report("proc-1-root", !same, "it leads elsewhere");
}

/* MARK: /proc and /sys */

static void kernel_files(void)
{
    static const char *masked[] = {
        "/proc/keys",      "/proc/kcore",        "/proc/timer_list", "/proc/latency_stats", "/proc/sched_debug",
        "/proc/interrupts", "/proc/acpi",         "/proc/asound",     "/proc/scsi",          "/sys/firmware",
        "/sys/devices/virtual/powercap", "/sys/devices/virtual/thermal", "/proc/kpagecount",
        "/proc/kpageflags", "/proc/vmallocinfo", "/proc/slabinfo", "/proc/kmsg",  "/sys/kernel/debug",
        "/sys/kernel/tracing", "/sys/kernel/security", "/sys/fs/pstore", "/sys/fs/bpf",
    };
    for (size_t i = 0; i < sizeof masked / sizeof *masked; i++)
        hidden(masked[i]);
    report("hidden-thermal", content("/sys/class/thermal/thermal_zone0/temp"), "a temperature of the host");
    report("hidden-energy", content("/sys/class/powercap/intel-rapl:0/energy_uj"), "the energy that the host used");
    static const char *settings[] = {
        "/proc/sys/kernel/core_pattern", "/proc/sys/kernel/modprobe", "/proc/sys/kernel/hostname",
        "/proc/sys/vm/panic_on_oom", "/proc/sys/fs/binfmt_misc/register", "/proc/sys/net/ipv4/ip_forward",
        "/proc/sys/kernel/randomize_va_space", "/proc/sysrq-trigger", "/proc/irq/default_smp_affinity",
        "/sys/kernel/uevent_helper", "/sys/kernel/mm/transparent_hugepage/enabled", "/sys/power/state",
        "/sys/fs/cgroup/cgroup.procs", "/sys/fs/cgroup/release_agent", "/sys/fs/cgroup/memory.max",
    };
    for (size_t i = 0; i < sizeof settings / sizeof *settings; i++)
        unwritable(settings[i]);
    refused("cgroup-mkdir", mkdir("/sys/fs/cgroup/probe", 0755));
    rmdir("/sys/fs/cgroup/probe");
    FILE *group = fopen("/proc/self/cgroup", "r");
    char line[512];
    bool leaks = false;
    while (group && fgets(line, sizeof line, group))
        leaks |= strstr(line, "davit") != NULL || (!strncmp(line, "0::", 3) && strcmp(line, "0::/\n"));
    if (group)
        fclose(group);
    report("cgroup-path-is-its-own", leaks, "it sees where its group is");
    FILE *list = fopen("/proc/self/mountinfo", "r");
    bool host = false;
    while (list && fgets(line, sizeof line, list))
        host |= strstr(line, "/var/lib/davit") != NULL || strstr(line, " /old") != NULL;
    if (list)
        fclose(list);
    report("no-old-root-in-the-mount-table", host, "a mount of the host is there");
}

int main(int count, char **arguments)
{
    if (count > 1 && !strcmp(arguments[1], "am-i-root"))
        return geteuid() == 0 ? 0 : 1;
    alarm(60);
    identity();
    processes();
    mounts();
    kernel();
    devices();
    sockets();
    kernel_files();
    printf("%d held, %d holes\n", held, holes);
    return 0;
}
