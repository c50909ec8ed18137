/// What an agent of a test works with: a directory, and a tree of cgroups that has the directory's name.
public enum Scratch {
    private static let script = """
        group=$(find /sys/fs/cgroup -maxdepth 4 -type d -name "${1##*/}" | head -n 1)
        if [ -n "$group" ]; then
            echo 1 >"$group/cgroup.kill"
            tries=50
            while [ -d "$group" ] && [ $tries -gt 0 ]; do
                find "$group" -depth -type d -exec rmdir {} \\; 2>/dev/null
                [ ! -d "$group" ] || sleep 0.1
                tries=$((tries - 1))
            done
        fi
        rm -rf --one-file-system "$1"
        """

    /// Ends what still runs in the groups, and removes them and the directory.
    public static func remove(_ directory: String) throws { _ = try Command.run(script, [directory]) }
}
