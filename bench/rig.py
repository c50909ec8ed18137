"""What every contender stands on: a scratch directory, the compiled programs, one root file system, one image."""

import atexit
import contextlib
import hashlib
import io
import json
import os
import pathlib
import shutil
import subprocess
import tarfile
import tempfile
import time

SOURCES = pathlib.Path(__file__).resolve().parent
PROGRAMS = SOURCES / "out" / "bin"
CFLAGS = ["-O2", "-Wall", "-Wextra", "-Werror"]
#: Program, its source, what gcc needs for it.
BUILDS = [
    ("floor", "floor.c", ["-lseccomp"]),
    ("echo", "echo.c", []),
    ("client", "client.c", []),
    ("spawn", "spawn.c", []),
    ("ports", "ports.c", []),
    ("log", "log.c", ["-static"]),
    ("true", "true.c", ["-static", "-nostdlib"]),
    ("pause", "true.c", ["-static", "-nostdlib", "-DPAUSE"]),
]
IMAGE = "localhost/bench-true:latest"


def build_programs():
    """Compiles what is older than its sources."""
    PROGRAMS.mkdir(parents=True, exist_ok=True)
    headers = max(path.stat().st_mtime for path in SOURCES.glob("*.h"))
    for name, source, options in BUILDS:
        target, newest = PROGRAMS / name, max(headers, (SOURCES / source).stat().st_mtime)
        if not target.exists() or target.stat().st_mtime < newest:
            subprocess.run(["gcc", *CFLAGS, "-o", target, SOURCES / source, *options], check=True)


def make_root(directory):
    """The files of the one image: three static programs, the directories to mount on, and who root is."""
    for name in ["bin", "dev", "etc", "proc", "run", "sys", "tmp"]:
        (directory / name).mkdir(parents=True)
    for name in ["true", "pause", "log"]:
        shutil.copy(PROGRAMS / name, directory / "bin" / name)
    (directory / "etc" / "passwd").write_text("root:x:0:0:root:/:/bin/true\n")
    (directory / "etc" / "group").write_text("root:x:0:\n")
    for name in ["hosts", "hostname", "resolv.conf"]:
        (directory / "etc" / name).touch()


class Layout:
    """An OCI image layout in a tar file, written blob by blob."""

    def __init__(self, path):
        self.tar = tarfile.open(path, "w")

    def add(self, name, data):
        entry = tarfile.TarInfo(name)
        entry.size = len(data)
        self.tar.addfile(entry, io.BytesIO(data))

    def blob(self, media_type, data):
        digest = hashlib.sha256(data).hexdigest()
        self.add(f"blobs/sha256/{digest}", data)
        return {"mediaType": media_type, "digest": f"sha256:{digest}", "size": len(data)}

    def document(self, kind, value):
        return self.blob(f"application/vnd.oci.image.{kind}.v1+json", json.dumps(value).encode())


def pack_layer(root):
    """The root as an uncompressed tar, owned by root."""

    def owned_by_root(entry):
        entry.uid = entry.gid = entry.mtime = 0
        entry.uname = entry.gname = ""
        return entry

    data = io.BytesIO()
    with tarfile.open(fileobj=data, mode="w") as tar:
        for child in sorted(root.iterdir()):
            tar.add(child, child.name, filter=owned_by_root)
    return data.getvalue()


def make_image(root, path):
    """An OCI layout (a tar) of one layer, for davitd and podman alike."""
    layout = Layout(path)
    layer = layout.blob("application/vnd.oci.image.layer.v1.tar", pack_layer(root))
    config = layout.document("config", {
        "architecture": "amd64", "os": "linux", "config": {"Cmd": ["/bin/true"]},
        "rootfs": {"type": "layers", "diff_ids": [layer["digest"]]},
    })
    manifest = layout.document("manifest", {"schemaVersion": 2, "config": config, "layers": [layer]})
    manifest["annotations"] = {"org.opencontainers.image.ref.name": IMAGE}
    layout.add("index.json", json.dumps({"schemaVersion": 2, "manifests": [manifest]}).encode())
    layout.add("oci-layout", b'{"imageLayoutVersion":"1.0.0"}')
    layout.tar.close()


class Rig:
    """The scratch directory of one run and everything in it; `close` removes it all, in reverse order of its making."""

    def __init__(self, parent):
        build_programs()
        self.undo = contextlib.ExitStack()
        atexit.register(self.close)
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="davit-bench-", dir=parent))
        self.undo.callback(shutil.rmtree, self.directory, ignore_errors=True)
        self.root = self.directory / "floor" / "rootfs"
        make_root(self.root)
        self.image = self.directory / "image.tar"
        make_image(self.root, self.image)

    def close(self):
        self.undo.close()


def cgroup2_mount():
    """Where cgroup2 is mounted: alone, or beside the old hierarchies."""
    hybrid = pathlib.Path("/sys/fs/cgroup/unified")
    return hybrid if (hybrid / "cgroup.controllers").exists() else pathlib.Path("/sys/fs/cgroup")


def own_cgroup():
    """The cgroup2 directory of this process; its children's too until they leave it."""
    for line in pathlib.Path("/proc/self/cgroup").read_text().splitlines():
        if line.startswith("0::/"):
            return cgroup2_mount() / line[len("0::/"):]
    return cgroup2_mount()


def remove_cgroup(path):
    """Kills what is left in a cgroup of ours and removes it with all below it; the killed may take a moment to leave."""
    for _ in range(100):
        if not path.is_dir():
            return
        with contextlib.suppress(OSError):
            (path / "cgroup.kill").write_text("1")
        for directory, _, _ in os.walk(path, topdown=False):
            with contextlib.suppress(OSError):
                os.rmdir(directory)
        time.sleep(0.02)
