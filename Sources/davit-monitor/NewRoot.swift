internal import CLinux
internal import LaunchPlanEmbedded

/// The root directory of the container while it is furnished. Paths never lead out of it.
struct NewRoot {
    private let directory: Int32

    var descriptor: Int32 { directory }

    private init(_ directory: Int32) { self.directory = directory }

    /// The root we have now.
    static func current() throws(Failure) -> NewRoot {
        NewRoot(try check(unsafe davit_openat2(Kernel.workingDirectory, "/", Kernel.pathOnly, 0, 0)))
    }

    /// Attaches a detached mount at a directory of the old root and goes there.
    init(_ mount: Int32, at path: String) throws(Failure) {
        try check(unsafe davit_move_mount(mount, "", Kernel.workingDirectory, path, Kernel.fromEmptyPath))
        try check(unsafe davit_chdir(path))
        directory = try check(unsafe davit_openat2(Kernel.workingDirectory, ".", Kernel.pathOnly, 0, 0))
    }

    func makePrivate() throws(Failure) {
        let change = Kernel.privatePropagation
        try check(unsafe davit_mount_setattr(Kernel.workingDirectory, "/", Kernel.recursive, 0, 0, change, -1))
    }

    func makeReadOnly() throws(Failure) { try Mounted(directory).set(.readOnly, recursive: false) }

    func pivot() throws(Failure) {
        try check(davit_fchdir(directory))
        try check(davit_pivot_here())
    }

    func mount(
        _ type: String, _ source: String, _ target: String, _ flags: MountFlags, _ data: String
    ) throws(Failure) {
        let place = try resolve(target, missing: .directory)
        defer { _ = davit_close(place) }
        try Mounted(type: type, source: source, data: data, flags).attach(on: place)
    }

    func bind(
        _ source: BindSource, _ target: String, recursive: Bool, _ flags: MountFlags
    ) throws(Failure) {
        let mount = try Mounted(of: source, recursive: recursive)
        let place = try resolve(target, missing: try mount.isDirectory() ? .directory : .file)
        defer { _ = davit_close(place) }
        try mount.attach(on: place)
        if !flags.isEmpty { try mount.set(flags, recursive: recursive) }
    }

    /// Shows an open file at a path.
    func show(_ file: Int32, at target: String) throws(Failure) {
        let place = try resolve(target, missing: .file)
        defer { _ = davit_close(place) }
        try Mounted(cloneOf: file).attach(on: place)
    }

    /// Changes how the mounts at a path spread.
    func spread(_ path: String, _ kind: Propagation, recursive: Bool) throws(Failure) {
        let place = try resolve(path, missing: .directory)
        defer { _ = davit_close(place) }
        let change =
            switch kind {
            case .private: Kernel.privatePropagation
            case .slave: Kernel.slavePropagation
            case .shared: Kernel.sharedPropagation
            }
        let how = Kernel.emptyPath | (recursive ? Kernel.recursive : 0)
        try check(unsafe davit_mount_setattr(place, "", how, 0, 0, change, -1))
    }

    /// Writes a text to a file that is there.
    func write(_ text: String, to path: String) throws(Failure) {
        let flags = UInt64(UInt32(bitPattern: Kernel.writeOnly))
        let file = try check(unsafe davit_openat2(directory, path, flags, 0, Resolution.withoutLinks))
        defer { _ = davit_close(file) }
        let bytes = [UInt8](text.utf8)
        try check(Int32(truncatingIfNeeded: unsafe davit_write(file, bytes, bytes.count)))
    }

    func symlink(_ target: String, _ link: String) throws(Failure) {
        let (parent, name) = Self.split(link)
        let place = try resolve(parent, missing: .directory)
        defer { _ = davit_close(place) }
        let result = unsafe davit_symlinkat(target, place, name)
        if result != 0 - Failure.exists { try check(result) }
    }

    func mask(_ path: String) throws(Failure) {
        guard let place = try existing(path) else { return }
        defer { _ = davit_close(place) }
        let cover =
            try Mounted(place).isDirectory()
            ? try Mounted(type: "tmpfs", source: "tmpfs", data: "mode=555,nr_inodes=1", .sealed)
            : try Mounted(of: .path("/dev/null"), recursive: false)
        try cover.attach(on: place)
    }

    func protect(_ path: String) throws(Failure) {
        guard let place = try existing(path) else { return }
        defer { _ = davit_close(place) }
        let mount = try Mounted(cloneOf: place)
        try mount.attach(on: place)
        try mount.set(.readOnly, recursive: true)
    }

    /// Links are followed here, inside the root: images have their working directory where they like.
    func enter(_ path: String) throws(Failure) {
        let place = try resolve(path, missing: .directory, Resolution.inside)
        try check(davit_fchdir(place))
        _ = davit_close(place)
    }
}

// MARK: Paths

extension NewRoot {
    private enum Missing { case directory, file }

    /// `RESOLVE_*` of `<linux/openat2.h>`.
    private enum Resolution {
        static let inside: UInt64 = 0x10 | 0x02
        static let withoutLinks: UInt64 = 0x10 | 0x02 | 0x04
    }

    /// Opens a path of the new root; what is missing is made.
    private func resolve(
        _ path: String, missing: Missing, _ resolution: UInt64 = Resolution.withoutLinks
    ) throws(Failure) -> Int32 {
        let found = open(path, resolution)
        guard found == 0 - Failure.noSuchFile else { return try check(found) }
        let (parent, name) = Self.split(path)
        let above = try resolve(parent, missing: .directory, resolution)
        defer { _ = davit_close(above) }
        try make(name, in: above, missing)
        return try check(open(path, resolution))
    }

    private func make(_ name: String, in directory: Int32, _ missing: Missing) throws(Failure) {
        switch missing {
        case .directory: try check(unsafe davit_mkdirat(directory, name, 0o755))
        case .file: try check(unsafe davit_mknodat(directory, name, 0o100644, 0, 0))
        }
    }

    /// Opens a path; nil when it is not there or a link is in the way.
    func existing(_ path: String) throws(Failure) -> Int32? {
        let found = open(path, Resolution.withoutLinks)
        switch 0 - found {
        case Failure.noSuchFile, Failure.notDirectory, Failure.tooManyLinks: return nil
        default: return try check(found)
        }
    }

    private func open(_ path: String, _ resolution: UInt64) -> Int32 {
        unsafe davit_openat2(directory, path.utf8.isEmpty ? "/" : path, Kernel.pathOnly, 0, resolution)
    }

    /// A path without its last name, and that name.
    private static func split(_ path: String) -> (parent: String, name: String) {
        var bytes = [UInt8](path.utf8)
        while bytes.last == UInt8(ascii: "/") { bytes.removeLast() }
        let slash = bytes.lastIndex(of: UInt8(ascii: "/")) ?? -1
        return (
            String(decoding: bytes.prefix(max(slash, 0)), as: UTF8.self),
            String(decoding: bytes.dropFirst(slash + 1), as: UTF8.self)
        )
    }
}

extension MountFlags {
    fileprivate static let sealed: MountFlags = [.readOnly, .noSetUID, .noDevices, .noExecute]
}
