internal import CLinux

/// A thread with a mount namespace and a working directory of its own, for work on mounts the host must not see.
///
/// Everything given to it runs in order, one at a time. It ends with its last reference.
@safe public final class PrivateMountThread: Sendable {
    // The queue behind the pointer has its own lock; the pointer never changes and is valid until deinit.
    private nonisolated(unsafe) let worker: OpaquePointer

    /// Starts the thread. All its mounts are private: nothing leaves to the host, nothing comes.
    ///
    /// `minimal`: the thread's root is a tiny tmpfs with a fresh `/proc`, a read-only `/sys`, a `/dev` (null zero full
    /// random urandom tty) and an empty `/root`, nothing of the host. A child started from here copies four mounts, and
    /// its user namespace may mount proc and sysfs, for which the kernel wants one fully visible instance.
    /// Needs CAP_SYS_ADMIN.
    public init(minimal: Bool = false) throws(Errno) {
        var started: OpaquePointer?
        try check(unsafe davit_worker_start(&started))
        guard let started = unsafe started else { throw Errno.noMemory }
        unsafe worker = started
        let outcome: Result<Void, Errno> = perform { () throws(Errno) in
            try Self.leaveHost()
            if minimal { try MinimalRoot.enter() }
        }
        try outcome.get()
    }

    deinit { unsafe davit_worker_stop(worker) }

    private static func leaveHost() throws(Errno) {
        // CLONE_NEWNS | CLONE_FS: the second gives this thread its own root and working directory.
        try check(davit_unshare(0x20000 | 0x200))
        try Mount.setPropagation("/", .private)
    }

    /// Runs `body` on the thread and waits for it. Blocks the caller. Must not be called from the thread itself.
    public func run<Value, Failure>(_ body: () throws(Failure) -> Value) throws(Failure) -> Value {
        try perform(body).get()
    }

    /// Runs `body` on the thread; the calling task is suspended, no thread is blocked. It goes on where it was: were it
    /// resumed on the global pool, a new worker of the pool might be born from this thread, with its mount namespace.
    public func run<Value: Sendable>(
        isolation: isolated (any Actor)? = #isolation, suspending body: @escaping @Sendable () throws(Errno) -> Value
    ) async throws(Errno) -> Value {
        let outcome: Result<Value, Errno> = await withCheckedContinuation { continuation in
            let job = Job { continuation.resume(returning: Result(catching: body)) }
            let context = unsafe Unmanaged.passRetained(job)
            if unsafe davit_worker_post(worker, Job.run, context.toOpaque()) < 0 {
                unsafe context.release()
                continuation.resume(returning: .failure(.noMemory))
            }
        }
        return try outcome.get()
    }

    private func perform<Value, Failure>(_ body: () throws(Failure) -> Value) -> Result<Value, Failure> {
        var outcome: Result<Value, Failure>?
        withoutActuallyEscaping(body) { body in
            let job = Job { outcome = Result(catching: body) }
            unsafe _ = davit_worker_run(worker, Job.run, Unmanaged.passRetained(job).toOpaque())
        }
        guard let outcome else { preconditionFailure("davit_worker_run returned before the work was done") }
        return outcome
    }
}

/// A closure that can travel through a C pointer, once.
private final class Job {
    let body: () -> Void

    init(_ body: @escaping () -> Void) { self.body = body }

    static let run: @convention(c) (UnsafeMutableRawPointer) -> Void = { context in
        unsafe Unmanaged<Job>.fromOpaque(context).takeRetainedValue().body()
    }
}

/// The root of a minimal ``PrivateMountThread``.
enum MinimalRoot {
    private static let devices: [(name: String, major: UInt32, minor: UInt32)] = [
        ("null", 1, 3), ("zero", 1, 5), ("full", 1, 7), ("random", 1, 8), ("urandom", 1, 9), ("tty", 5, 0),
    ]

    /// Makes the new root, mounts it over the working directory's place and pivots the calling thread into it.
    static func enter() throws(Errno) {
        let root = try tmpfs(mode: "755")
        // Any directory serves: /proc is on every host and stays hidden below for an instant only.
        try Mount.attach(root, at: "/proc")
        for name in ["proc", "sys", "dev", "root"] { try check(unsafe davit_mkdirat(root.rawValue, name, 0o755)) }
        try attach(try FileSystemContext("proc").mount([.noSetUID, .noDevices, .noExecute]), "proc", in: root)
        let sysfs = try FileSystemContext("sysfs").mount([.readOnly, .noSetUID, .noDevices, .noExecute])
        try attach(sysfs, "sys", in: root)
        let dev = try tmpfs(mode: "755")
        for device in devices { try makeNode(device, in: dev) }
        try attach(dev, "dev", in: root)
        try check(davit_fchdir(root.rawValue))
        try check(davit_pivot_here())
    }

    private static func tmpfs(mode: String) throws(Errno) -> FileDescriptor {
        let context = try FileSystemContext("tmpfs")
        try context.set("mode", mode)
        return try context.mount([.noSetUID])
    }

    private static func makeNode(
        _ device: (name: String, major: UInt32, minor: UInt32), in dev: borrowing FileDescriptor
    ) throws(Errno) {
        // S_IFCHR | 0666, then chmod: the umask takes bits from mknod.
        try check(unsafe davit_mknodat(dev.rawValue, device.name, 0o020666, device.major, device.minor))
        try check(unsafe davit_fchmodat(dev.rawValue, device.name, 0o666))
    }

    private static func attach(
        _ mount: consuming FileDescriptor, _ name: String, in root: borrowing FileDescriptor
    ) throws(Errno) {
        try check(unsafe davit_move_mount(mount.rawValue, "", root.rawValue, name, 0x4))
    }
}
