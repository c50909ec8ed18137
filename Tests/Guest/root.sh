# Sourced by what boots a guest: a scratch directory $work with the root $root of the archive $archive, and all that is left
# of it at the end taken away.
work=$(mktemp -d /tmp/davit-test-XXXXXX)
group=$(findmnt -n -o TARGET -t cgroup2 | head -n 1)$(sed -n 's/^0:://p' /proc/self/cgroup)
clean() {
    rm -rf --one-file-system "$work"
    # Made in our own group, and left there, by systemd-nspawn --keep-unit; those that somebody uses stay.
    for name in payload supervisor; do
        [ ! -d "$group/$name" ] || find "$group/$name" -depth -type d -exec rmdir {} \; 2>/dev/null || true
    done
}
trap clean EXIT
root=$work/root
mkdir "$root" "$work/share"
tar -C "$root" --numeric-owner -xpf "$archive"
