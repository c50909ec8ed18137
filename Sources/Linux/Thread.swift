internal import CLinux
internal import Glibc

/// Starts threads that live as long as they have work.
public enum Thread {
    /// Starts a detached thread with all signals blocked.
    ///
    /// The corresponding C function is `pthread_create`.
    /// - Parameter name: At most 15 bytes are kept; `ps -L` shows them.
    public static func start(_ name: String, _ body: @escaping @Sendable () -> Void) throws(Errno) {
        let start = unsafe Unmanaged.passRetained(ThreadStart(name, body))
        var everything = sigset_t()
        var before = sigset_t()
        unsafe sigfillset(&everything)
        unsafe pthread_sigmask(SIG_SETMASK, &everything, &before)
        var thread = pthread_t()
        let result = unsafe pthread_create(&thread, nil, runThread, start.toOpaque())
        unsafe pthread_sigmask(SIG_SETMASK, &before, nil)
        guard result == 0 else {
            unsafe start.release()
            throw Errno(rawValue: result)
        }
        pthread_detach(thread)
    }
}

private final class ThreadStart: Sendable {
    let name: String
    let body: @Sendable () -> Void

    init(_ name: String, _ body: @escaping @Sendable () -> Void) {
        self.name = String(decoding: name.utf8.prefix(15), as: UTF8.self)
        self.body = body
    }
}

@c private func runThread(_ argument: UnsafeMutableRawPointer?) -> UnsafeMutableRawPointer? {
    guard let argument = unsafe argument else { return nil }
    let start = unsafe Unmanaged<ThreadStart>.fromOpaque(argument).takeRetainedValue()
    unsafe davit_name_thread(start.name)
    start.body()
    return nil
}
