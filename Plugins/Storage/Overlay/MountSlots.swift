import Linux

/// Mount points on a tmpfs that only the mount thread sees, for kernels that take no detached mount as a layer.
///
/// For use on the mount thread only.
struct MountSlots: Sendable {
    private let directory: Directory
    private let path: String

    /// `store` is the store's path; an empty directory `views` in it serves to attach the tmpfs.
    init(in store: String) throws(Errno) {
        path = store + "/views"
        let mountPoint = try Directory(path: store).makeDirectories("views", mode: 0o700)
        let tmpfs = try FileSystemContext("tmpfs").mount([.noSetUID, .noDevices, .noExecute]).shared()
        try Mount.attach(tmpfs, on: mountPoint.descriptor)
        directory = Directory(tmpfs)
    }

    /// Attaches a detached mount to a free slot, whose name it answers.
    func attach(_ mount: Descriptor, to slot: String) throws(Errno) -> String {
        try Mount.attach(mount, on: directory.makeDirectories(slot).descriptor)
        return slot
    }

    func detach(_ slot: String) throws(Errno) { try Mount.detach("\(path)/\(slot)") }

    /// Makes a file system of more options than `fsconfig` takes, as a detached mount.
    func mount(_ type: String, options: String) throws(Errno) -> FileDescriptor {
        try directory.makeDirectories("large")
        try Mount.make(type, at: path + "/large", options: options)
        defer { try? detach("large") }
        return try Mount.clone(path + "/large")
    }
}
