"""OCI image layouts, written by hand: just enough for the test images."""
import gzip
import hashlib
import io
import json
import os
import subprocess
import tarfile

ARCHITECTURE = {"x86_64": "amd64", "aarch64": "arm64"}[os.uname().machine]
COMPRESSION = {
    "tar": ("", lambda data: data),
    "gzip": ("+gzip", lambda data: gzip.compress(data, compresslevel=1, mtime=0)),
    "zstd": ("+zstd", lambda data: subprocess.run(["zstd", "-q", "-3"], input=data, capture_output=True, check=True).stdout),
}


class Layer:
    """A layer's tar, and its blob in one compression."""

    def __init__(self, tar, compression="gzip"):
        suffix, compress = COMPRESSION[compression]
        self.media_type = "application/vnd.oci.image.layer.v1.tar" + suffix
        self.diff_id = digest(tar)
        self.blob = compress(tar)


def digest(data):
    return "sha256:" + hashlib.sha256(data).hexdigest()


def tar_of(entries):
    """A tar of (path, kind, content or target, attributes)."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w", format=tarfile.PAX_FORMAT) as tar:
        for path, kind, content, attributes in entries:
            entry = tarfile.TarInfo(path)
            entry.mode = 0o755
            entry.type = {"file": tarfile.REGTYPE, "dir": tarfile.DIRTYPE, "link": tarfile.SYMTYPE}[kind]
            data = content if kind == "file" else b""
            entry.size = len(data)
            if kind == "link":
                entry.linkname = content
            for key, value in attributes.items():
                setattr(entry, key, value)
            tar.addfile(entry, io.BytesIO(data))
    return buffer.getvalue()


def write_layout(path, tag, layers, **config):
    """Writes an image as a layout tar. `config` is the image's own: Cmd, Env, User, StopSignal, ..."""
    blobs = {}

    def blob(media_type, data):
        blobs[digest(data)] = data
        return {"mediaType": media_type, "digest": digest(data), "size": len(data)}

    image = {
        "architecture": ARCHITECTURE,
        "os": "linux",
        "config": config,
        "rootfs": {"type": "layers", "diff_ids": [layer.diff_id for layer in layers]},
        "history": [{"created_by": "Tests/Images"} for _ in layers],
    }
    manifest = {
        "schemaVersion": 2,
        "mediaType": "application/vnd.oci.image.manifest.v1+json",
        "config": blob("application/vnd.oci.image.config.v1+json", encode(image)),
        "layers": [blob(layer.media_type, layer.blob) for layer in layers],
    }
    entry = blob(manifest["mediaType"], encode(manifest))
    entry["annotations"] = {"org.opencontainers.image.ref.name": tag}
    entry["platform"] = {"architecture": ARCHITECTURE, "os": "linux"}
    files = {"blobs/sha256/" + name.removeprefix("sha256:"): data for name, data in blobs.items()}
    files["index.json"] = encode({"schemaVersion": 2, "manifests": [entry]})
    files["oci-layout"] = encode({"imageLayoutVersion": "1.0.0"})
    with open(path, "wb") as file:
        file.write(tar_of((name, "file", data, {"mode": 0o644}) for name, data in files.items()))


def encode(value):
    return json.dumps(value, separators=(",", ":"), sort_keys=True).encode()
