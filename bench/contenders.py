"""Who runs in a row: the floor, the peers, and the agent, each behind the same call `once() -> value`."""

import contextlib
import json
import os
import pathlib
import shutil
import subprocess
import tempfile

import rig as rigs

#: Runs what follows it, as the same process, in a network namespace of its own with a loopback that is up.
IN_OWN_NETWORK = ["unshare", "--net", "--", "sh", "-c", "ip link set lo up && exec \"$@\"", "sh"]
#: Nanoseconds to milliseconds.
MILLISECOND = 1e6


class Failure(Exception):
    """A contender that cannot run, with the reason for people."""


class Served:
    """A program of the bench with --serve: one line in, one duration out. Ctrl-C reaches the runner alone."""

    def __init__(self, rig, name, arguments, before=()):
        self.name = name
        self.process = subprocess.Popen(
            [*before, rigs.PROGRAMS / name, "--serve", *arguments], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, start_new_session=True)
        rig.undo.callback(self.close)

    def once(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.write("\n")
            self.process.stdin.flush()
        answer = self.process.stdout.readline()
        if not answer:
            raise Failure(f"{self.name} ended with status {self.process.wait()}; its reason is above")
        return int(answer) / MILLISECOND

    def close(self):
        with contextlib.suppress(BrokenPipeError):
            self.process.stdin.close()
        try:
            self.process.wait(10)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


def floor(rig, network="new", *arguments):
    """floor.c with network namespaces of its own, in a cgroup of this run.

    --volatile, because otherwise its unmount waits for what podman has just written.
    """
    cgroup = rigs.cgroup2_mount() / f"davit-bench-{os.getpid()}"
    if not cgroup.exists():
        cgroup.mkdir()
        rig.undo.callback(rigs.remove_cgroup, cgroup)
    place = ["--directory", rig.root.parent, "--cgroup", cgroup]
    return Served(rig, "floor", [*place, "--network", network, "--volatile", *arguments])


def floor_crowd(rig, workers, starts):
    """floor.c with so many processes that put containers on one bridge: starts a second."""
    return StartRate(floor(rig, "veth", "--workers", str(workers), "--starts", str(starts)), starts)


class StartRate:
    """Starts a second out of the milliseconds that another contender takes for so many."""

    def __init__(self, timed, starts):
        self.timed, self.starts = timed, starts

    def once(self):
        return self.starts / self.timed.once() * 1e3


class Throughput:
    """Gigabytes a second out of the milliseconds that another contender takes for so many mebibytes."""

    def __init__(self, timed, mebibytes):
        self.timed, self.bytes = timed, mebibytes << 20

    def once(self):
        return self.bytes / (self.timed.once() * MILLISECOND)


class Microseconds:
    """The milliseconds of another contender, in microseconds, for each of the things that it does together."""

    def __init__(self, timed, together=1):
        self.timed, self.together = timed, together

    def once(self):
        return self.timed.once() * 1e3 / self.together


def port_elements(rig, present, together):
    """ports.c: what the kernel does for one port more, when so many come together."""
    return Microseconds(
        Served(rig, "ports", ["--present", str(present), "--together", str(together)]), together)


def log_copy(rig, mebibytes):
    """A C program that writes lines into a pipe, and a C program that copies them into a file."""
    return Throughput(Served(rig, "log", ["--mib", str(mebibytes), "--directory", rig.directory]), mebibytes)


# ------------------------------------------------------------------------------------------------------------- crun

CAPABILITIES = [
    f"CAP_{name}" for name in (
        "AUDIT_WRITE CHOWN DAC_OVERRIDE FOWNER FSETID KILL MKNOD NET_BIND_SERVICE NET_RAW SETFCAP SETGID SETPCAP "
        "SETUID SYS_CHROOT").split()
]
SECCOMP_PROFILE = pathlib.Path("/usr/share/containers/seccomp.json")


def flat_seccomp():
    """Debian's default profile as podman would flatten it for these capabilities on amd64."""
    profile = json.loads(SECCOMP_PROFILE.read_text())

    def applies(rule):
        includes = rule.get("includes") or {}
        return rule["action"] == "SCMP_ACT_ALLOW" and "caps" not in includes \
            and "amd64" in includes.get("arches", ["amd64"])

    rules = [
        {"names": rule["names"], "action": rule["action"], "args": rule.get("args") or []}
        for rule in profile["syscalls"] if applies(rule)
    ]
    return {
        "defaultAction": profile["defaultAction"], "defaultErrnoRet": profile["defaultErrnoRet"],
        "architectures": ["SCMP_ARCH_X86_64", "SCMP_ARCH_X86", "SCMP_ARCH_X32"], "syscalls": rules,
    }


def make_bundle(directory, root, program="/bin/true"):
    """crun's own template made whole: the program, 14 capabilities, seccomp, and a cgroup namespace.

    Without the last the mount of cgroup2 stalls for 8 to 15 ms, which would flatter everybody else.
    """
    directory.mkdir()
    subprocess.run(["crun", "spec"], cwd=directory, check=True)
    path = directory / "config.json"
    config = json.loads(path.read_text())
    sets = ["bounding", "effective", "permitted"]
    config["process"] |= {"terminal": False, "args": [program], "capabilities": dict.fromkeys(sets, CAPABILITIES)}
    config["root"] = {"path": str(root), "readonly": False}
    config["linux"]["namespaces"].append({"type": "cgroup"})
    config["linux"]["seccomp"] = flat_seccomp()
    path.write_text(json.dumps(config))


def crun(rig):
    """Debian's crun: new network namespace, cgroups disabled, the root file system used in place (no overlay)."""
    if not shutil.which("crun"):
        raise Failure("crun is not installed")
    bundle = rig.directory / "bundle"
    make_bundle(bundle, rig.root)
    command = ["crun", "--root", rig.directory / "crun", "--cgroup-manager=disabled", "run", "-b", bundle, "bench"]
    return Served(rig, "spawn", ["--private", "--", *command])


#: As `spawn --private`, which would wait for the container that crun leaves running.
WITH_CGROUP2_ALONE = [
    "unshare", "--mount", "sh", "-c",
    "! [ -d /sys/fs/cgroup/unified ] || mount --bind /sys/fs/cgroup/unified /sys/fs/cgroup; exec \"$@\"", "sh",
]


def crun_exec(rig):
    """`crun exec` of /bin/true in a container of crun's that does nothing."""
    if not shutil.which("crun"):
        raise Failure("crun is not installed")
    bundle = rig.directory / "exec-bundle"
    make_bundle(bundle, rig.root, "/bin/pause")
    crun = ["crun", "--root", rig.directory / "crun-exec", "--cgroup-manager=disabled"]
    # A file: a pipe would be held open by the container.
    with tempfile.TemporaryFile("w+") as complaint:
        started = subprocess.run(
            [*WITH_CGROUP2_ALONE, *crun, "run", "-d", "-b", bundle, "held"], stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL, stderr=complaint)
        complaint.seek(0)
        if started.returncode:
            raise Failure(f"crun run -d: {complaint.read().strip()}")
    rig.undo.callback(subprocess.run, [*WITH_CGROUP2_ALONE, *crun, "delete", "-f", "held"], capture_output=True)
    return Served(rig, "spawn", ["--private", "--", *crun, "exec", "held", "/bin/true"])


def nsenter(rig, pid):
    """The least that enters a container and runs a program: no cgroup, no filter, no capabilities dropped."""
    return Served(rig, "spawn", ["--", "nsenter", "-t", str(pid), "-U", "-m", "-p", "-n", "-i", "-u", "/bin/true"])


# ----------------------------------------------------------------------------------------------------------- podman

#: This kind of machine has no CAP_SYS_RESOURCE and hybrid cgroups, hence the limits and --cgroups=disabled.
PODMAN_RUN = [
    "run", "--rm", "--cgroups=disabled", "--pids-limit=-1", "--ulimit", "nofile=1024:1024", "--ulimit",
    "nproc=1024:1024",
]


def podman(rig, network="none"):
    """Debian's podman over Debian's crun, with a storage of its own below the scratch directory.

    Its bridge and rules are in a network namespace of this contender's own.
    """
    if not shutil.which("podman"):
        raise Failure("podman is not installed")
    command = [*podman_with_image(rig), *PODMAN_RUN, f"--network={network}", rigs.IMAGE, "/bin/true"]
    check = [*IN_OWN_NETWORK, rigs.PROGRAMS / "spawn", "--iterations", "1", "--private", "--", *command]
    checked = subprocess.run(check, capture_output=True, text=True)
    if checked.returncode:
        raise Failure(f"podman run --network={network}: {checked.stderr.strip()}")
    return Served(rig, "spawn", ["--private", "--", *command], IN_OWN_NETWORK)


def podman_with_image(rig):
    """The command with its storage, which has the image after the first call."""
    make_fixed_places(rig)
    store = rig.directory / "podman"
    podman = [
        "podman", "--root", store / "root", "--runroot", store / "run", "--tmpdir", store / "tmp",
        "--network-config-dir", store / "networks",
        "--storage-driver=overlay", "--cgroup-manager=cgroupfs", "--events-backend=none", "--runtime=crun",
    ]
    if not store.exists():
        load = [rigs.PROGRAMS / "spawn", "--iterations", "1", "--private", "--", *podman, "load", "-q", "-i", rig.image]
        loaded = subprocess.run(load, capture_output=True, text=True)
        if loaded.returncode:
            shutil.rmtree(store, ignore_errors=True)
            raise Failure(f"podman load: {loaded.stderr.strip()}")
    return podman


#: Where podman and its network plugins write whatever they are told.
FIXED_PLACES = ["/var/lib/containers", "/var/lib/cni"]


def make_fixed_places(rig):
    """Places for `spawn --private` to mount over."""
    for path in map(pathlib.Path, FIXED_PLACES):
        if not path.exists():
            path.mkdir()
            rig.undo.enter_context(contextlib.suppress(OSError))  # somebody else may have begun to use it
            rig.undo.callback(path.rmdir)


# ------------------------------------------------------------------------------------------------------------- echo

PING = '{"id":1,"method":"ping"}'


class Rate:
    """Replies per second of one server over a slice of time, by the same client whoever serves."""

    def __init__(self, socket, pipeline, cpu=None, seconds=0.2):
        self.command = [] if cpu is None else ["taskset", "-c", str(cpu)]
        self.command += [
            rigs.PROGRAMS / "echo", "--client", socket, "--line", PING, "--seconds", str(seconds),
            "--pipeline", str(pipeline),
        ]

    def once(self):
        answer = subprocess.run(self.command, capture_output=True, text=True)
        if answer.returncode:
            raise Failure(answer.stderr.strip())
        return float(answer.stdout)


def pin(pid, cpu):
    """Puts all threads of a server of ours on one CPU, for the rest of its life; None leaves them alone."""
    for task in [] if cpu is None else os.listdir(f"/proc/{pid}/task"):
        os.sched_setaffinity(int(task), {cpu})


def echo(rig, pipeline, cpu):
    """echo.c as the server."""
    socket = rig.directory / f"echo-{pipeline}.sock"
    server = subprocess.Popen([rigs.PROGRAMS / "echo", "--server", socket], start_new_session=True)
    rig.undo.callback(server.wait)
    rig.undo.callback(server.kill)
    while not socket.exists():
        if server.poll() is not None:
            raise Failure("echo's server ended")
    pin(server.pid, cpu)
    return Rate(socket, pipeline, cpu)
