"""Debian root file systems, and what one has more than another as a layer."""
import os
import subprocess
import tarfile

# What mmdebstrap leaves that no image needs, and what would make two runs differ.
NOISE = ("dev", "var/cache/apt", "var/lib/apt/lists", "var/log", "run", "tmp")


def bootstrap(path, packages=()):
    """Makes a tar of minbase with `packages`."""
    command = ["mmdebstrap", "--quiet", "--variant=minbase", "--components=main", "bookworm", path + ".new.tar"]
    if packages:
        command[-2:-2] = ["--include=" + ",".join(packages)]
    subprocess.run(command, check=True, env=dict(os.environ, SOURCE_DATE_EPOCH="1700000000"))
    os.rename(path + ".new.tar", path)


def base(root, output):
    """The tar of a base layer."""
    select(root, output, lambda entry, archive: True)


def difference(root, base_root, output):
    """The tar of what `root` has and `base_root` has not, or has otherwise. Nothing is ever removed by a package."""
    with tarfile.open(base_root) as archive:
        known = {clean(entry): identity(entry, archive) for entry in archive}
    select(root, output, lambda entry, archive: known.get(clean(entry)) != identity(entry, archive))


def select(root, output, wanted):
    with tarfile.open(root) as source, tarfile.open(output, "w", format=tarfile.PAX_FORMAT) as target:
        for entry in source:
            if clean(entry) and not is_noise(clean(entry)) and wanted(entry, source):
                target.addfile(entry, source.extractfile(entry) if entry.isreg() else None)


def clean(entry):
    return entry.name.removeprefix(".").strip("/")


def is_noise(path):
    return any(path.startswith(noise + "/") for noise in NOISE)


def identity(entry, archive):
    """All that two equal entries share; a hard link is never equal, so that its target is in the same layer."""
    content = archive.extractfile(entry).read() if entry.isreg() else entry.linkname
    return (entry.type, entry.mode, entry.uid, entry.gid, hash(content))
