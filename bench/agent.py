"""The agent under measurement: a davitd of this run's own, with its own socket, directories and cgroup tree."""

import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time

import rig as rigs
import contenders
from contenders import Failure, Microseconds, Rate, Served, StartRate, Throughput, pin

#: Seconds to wait for the socket, for a reply, and for the end.
PATIENCE = 20


def run_request(command, **more):
    """A `container.run` of the bench's image: new user and (empty) network namespace, removed when it ends."""
    params = {"image": rigs.IMAGE, "command": [command], "network": "none", "remove": True} | more
    return {"id": 1, "method": "container.run", "params": params}


class Agent:
    """A running davitd in a network namespace of its own, or a `Failure` that says why there is none.

    Its bridge, rules and ports are in that namespace and go with it.
    """

    def __init__(self, rig, binaries, drivers, name="agent"):
        self.rig, self.directory = rig, rig.directory / name
        self.directory.mkdir()
        program = binaries / "davitd"
        if not program.exists():
            raise Failure(f"there is no {program}: swift build -c release, or --davitd DIRECTORY")
        self.socket, self.monitor = self.directory / "davit.sock", (binaries / "davit-monitor").resolve()
        self.cgroup = f"davit-bench-{os.getpid()}-{name}"
        rig.undo.callback(rigs.remove_cgroup, rigs.own_cgroup() / self.cgroup)
        # /run is a tmpfs on every machine with systemd; here it may be part of the root file system.
        self.run = pathlib.Path(tempfile.mkdtemp(prefix="davit-bench-run-", dir="/dev/shm"))
        rig.undo.callback(shutil.rmtree, self.run, ignore_errors=True)
        self.start(program, {
            "socket": str(self.socket), "cgroup": self.cgroup, "monitor": str(self.monitor),
            "image_helper": str((binaries / "davit-image").resolve()),
            "driver_host": str((binaries / "davit-driver-host").resolve()),
            "resolver": str((binaries / "davit-resolver").resolve()),
            "driver_directories": [str(path.resolve()) for path in drivers],
            "state_directory": str(self.directory / "state"), "run_directory": str(self.run),
        })
        self.connect()
        self.call("image.load", path=str(rig.image), reference=rigs.IMAGE)

    def start(self, program, config):
        path, log = self.directory / "davitd.json", self.directory / "davitd.log"
        path.write_text(json.dumps(config))
        os.mkdir(config["state_directory"], 0o700)
        self.log = log
        with log.open("w") as output:
            self.process = subprocess.Popen(
                [*contenders.IN_OWN_NETWORK, program, "--config", path], stdin=subprocess.DEVNULL, stdout=output,
                stderr=output, start_new_session=True)
        self.rig.undo.callback(self.stop)

    def failure(self, message):
        lines = self.log.read_text(errors="replace").splitlines()[-10:]
        return Failure("\n  ".join([message, *lines]))

    def connect(self):
        self.connection = socket.socket(socket.AF_UNIX)
        self.connection.settimeout(PATIENCE)
        end = time.monotonic() + PATIENCE
        while self.connection.connect_ex(str(self.socket)) != 0:
            if self.process.poll() is not None or time.monotonic() > end:
                raise self.failure(f"davitd does not listen on {self.socket} (status {self.process.poll()})")
            time.sleep(0.02)
        self.lines = self.connection.makefile("r")

    def call(self, method, **params):
        """One request on the runner's own connection; its result, or a `Failure` with the agent's error."""
        self.connection.sendall((json.dumps({"id": 1, "method": method, "params": params}) + "\n").encode())
        for line in self.lines:
            reply = json.loads(line)
            if "result" in reply:
                return reply["result"]
            if "error" in reply:
                raise self.failure(f"{method}: {json.dumps(reply['error'])}")
        raise self.failure(f"{method}: davitd hung up")

    def stop(self):
        """SIGTERM, and SIGKILL after a while; its containers go with its cgroup."""
        self.process.terminate()
        try:
            self.process.wait(PATIENCE)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()

    # ---------------------------------------------------------------------------------------- what the rows ask of it

    def runner(self, network="none"):
        """`container.run` of /bin/true, checked once, then timed by client.c on one connection."""
        return self.timed(self.checked_run(network))

    def crowd(self, network, clients, starts):
        """`container.run` of /bin/true by so many connections at once: starts a second."""
        request = self.checked_run(network)
        return StartRate(
            self.timed(request, "--connections", str(clients), "--requests", str(starts)), starts)

    def checked_run(self, network):
        request = run_request("/bin/true", network=network)
        result = self.call(request["method"], **request["params"])
        if result.get("code") != 0:
            raise self.failure(f"container.run of /bin/true: {json.dumps(result)}")
        return request

    def timed(self, request, *arguments):
        return Served(self.rig, "client", ["--socket", self.socket, "--request", json.dumps(request), *arguments])

    def port_adder(self, together, remove):
        """`port.add` to a container on the bridge that has no port, less a `ping` of the same moment, for each port.

        Its record is on the disk, and so each change of it; not with `remove`.
        """
        params = {"image": rigs.IMAGE, "command": ["/bin/pause"], "network": "bridge", "remove": remove}
        container = self.call("container.run", detach=True, **params)["id"]
        self.rig.undo.callback(self.release, [container])
        ports = [{"host_port": port, "container_port": port} for port in range(30000, 30000 + together)]
        change = {"container": container, "ports": ports}
        add, back, ping = ({"id": 1, "method": method, "params": params} for method, params in (
            ("port.add", change), ("port.remove", change), ("ping", {})))
        self.call("port.add", **change)
        self.call("port.remove", **change)
        return Microseconds(Difference(self.timed(add, "--undo", json.dumps(back)), self.timed(ping)), together)

    def publish(self, count):
        """Containers on the bridge that have so many ports together, at most a thousand each, above the host's own."""
        end = 1024 + count
        for first in range(1024, end, 1000):
            ports = [{"host_port": port, "container_port": port} for port in range(first, min(first + 1000, end))]
            request = run_request("/bin/pause", network="bridge", ports=ports, detach=True)
            container = self.call(request["method"], **request["params"])["id"]
            self.rig.undo.callback(self.release, [container])

    def rate(self, pipeline, cpu):
        """`ping` by echo.c's client; once pinned, davitd stays on that CPU to the end of the run."""
        self.call("ping")
        pin(self.process.pid, cpu)
        return Rate(self.socket, pipeline, cpu)

    def held(self):
        """The one container that other programs are run in: its id and its main process."""
        if not hasattr(self, "held_container"):
            [container] = self.hold(1)
            self.rig.undo.callback(self.release, [container])
            self.held_container = container, self.call("container.get", container=container)["state"]["pid"]
        return self.held_container

    def executor(self):
        """`exec.run` of /bin/true, checked once, then timed by client.c on one connection."""
        params = {"container": self.held()[0], "command": ["/bin/true"]}
        result = self.call("exec.run", **params)
        if result.get("code") != 0:
            raise self.failure(f"exec.run of /bin/true: {json.dumps(result)}")
        request = json.dumps({"id": 1, "method": "exec.run", "params": params})
        return Served(self.rig, "client", ["--socket", self.socket, "--request", request])

    def logger(self, mebibytes):
        """The same program in a container whose log goes to the disk; removed outside the measured time."""
        return Throughput(Logged(self, mebibytes), mebibytes)

    def stats_milliseconds(self, count):
        """One `container.stats` of every running container, as the asking connection sees it."""
        values = []
        for _ in range(count):
            begin = time.perf_counter()
            self.call("container.stats")
            values.append((time.perf_counter() - begin) * 1e3)
        return values

    def resident_megabytes(self):
        for line in pathlib.Path(f"/proc/{self.process.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024 / 1e6
        raise self.failure("davitd is gone")

    def hold(self, count):
        """Starts `count` containers that do nothing and stay."""
        request = run_request("/bin/pause", detach=True)
        return [self.call(request["method"], **request["params"])["id"] for _ in range(count)]

    def release(self, ids):
        for container in ids:
            self.call("container.kill", container=container)

    def monitor_kilobytes(self):
        """Proportional set size in kB (1024 bytes) of each of our monitors, with everything it shares counted in."""
        return [proportional_size(pid) for pid in self.monitor_pids()]

    def monitor_pids(self):
        """Processes of our monitor binary that are children of our davitd or sit in its cgroup tree."""
        return [pid for pid in map(int, filter(str.isdigit, os.listdir("/proc"))) if self.is_monitor(pid)]

    def is_monitor(self, pid):
        process = pathlib.Path(f"/proc/{pid}")
        try:
            if os.readlink(process / "exe") != str(self.monitor):
                return False
            return parent_of(pid) == self.process.pid or f"/{self.cgroup}/" in (process / "cgroup").read_text()
        except OSError:
            return False


class Difference:
    """How much longer one takes than the other, asked one after the other."""

    def __init__(self, timed, less):
        self.timed, self.less = timed, less

    def once(self):
        less = self.less.once()
        return self.timed.once() - less


class Logged:
    """One container that writes its lines and ends."""

    def __init__(self, agent, mebibytes):
        self.agent, self.command = agent, ["/bin/log", "--produce", str(mebibytes)]

    def once(self):
        begin = time.perf_counter()
        result = self.agent.call("container.run", image=rigs.IMAGE, command=self.command, network="none")
        milliseconds = (time.perf_counter() - begin) * 1e3
        self.agent.call("container.remove", container=result["id"])
        if result.get("code") != 0:
            raise Failure(f"/bin/log ended with {result}")
        return milliseconds


def parent_of(pid):
    """The fourth field of stat; the second may hold anything but ends with the last parenthesis."""
    return int(pathlib.Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[1])


def proportional_size(pid):
    for line in pathlib.Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1])
    raise Failure(f"no Pss for process {pid}")
