import Linux

/// The directories of the storage driver below its root.
///
///     layers/<id>            unpacked layers, never changed once there
///     drafts/<id>            layers in the making
///     rootfs/<container>/    upper and work
///     volumes/<name>/        see `VolumeShelf`
///     spares/<n>/            the same, made ahead
///     skeleton/              the lowest layer of all: what every root file system must have to mount upon
///     void/                  the same for a view of an image's files alone: overlayfs wants two layers
///     trash/<n>              whatever is to be removed
struct Store: Sendable {
    let root: Directory
    let layers: Directory
    let drafts: Directory
    let containers: Directory
    let volumes: Directory
    let trash: Trash
    let spares: Spares
    let sizes: Sizes

    /// Makes what is missing, and sweeps what a former run left unfinished.
    init(_ path: String) throws {
        root = try Self.root(path)
        layers = try root.makeDirectories("layers", mode: 0o700)
        drafts = try root.makeDirectories("drafts", mode: 0o700)
        containers = try root.makeDirectories("rootfs", mode: 0o700)
        volumes = try root.makeDirectories("volumes", mode: 0o700)
        sizes = Sizes(root: root, directories: [containers, volumes])
        trash = try Trash(root.makeDirectories("trash", mode: 0o700))
        let spares = try root.makeDirectories("spares", mode: 0o700)
        for directory in [drafts, spares] { try Self.sweep(directory, into: trash) }
        try Self.makeSkeleton(in: root)
        try root.makeDirectories("void", mode: 0o755).descriptor.changeMode(0o755)
        self.spares = try Spares(spares)
    }

    /// Ends the background threads.
    func close() {
        trash.stop()
        spares.stop()
    }

    /// Only root may enter: layers hold set-uid programs that belong to the host's root on the disk.
    private static func root(_ path: String) throws -> Directory {
        let root = try Directory(path: "/").makeDirectories(path, mode: 0o700)
        try root.descriptor.changeMode(0o700)
        return root
    }

    private static func sweep(_ directory: Directory, into trash: Trash) throws {
        for name in try directory.names() { try trash.take(name, from: directory) }
    }

    /// Directories and files that the launch mounts upon, for images that lack them: a read-only root can't make them,
    /// and a written one stays free of them.
    private static func makeSkeleton(in root: Directory) throws {
        let skeleton = try root.makeDirectories("skeleton", mode: 0o755)
        for name in ["dev", "etc", "proc", "sys"] {
            try skeleton.makeDirectories(name).descriptor.changeMode(0o755)
        }
        for name in ["etc/hostname", "etc/hosts", "etc/resolv.conf"] {
            try skeleton.open(name, [.writeOnly, .create, .noFollow]).changeMode(0o644)
        }
        try skeleton.descriptor.changeMode(0o755)
    }
}
