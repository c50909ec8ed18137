public import Linux
internal import Systemd

/// `EventLoop.main` on a thread of its own, once for the whole test process.
public enum RunningLoop {
    private static let thread: Result<Void, Errno> = Result { () throws(Errno) in
        try Thread.start("test loop") {
            do { try EventLoop.main.run() } catch { print("the event loop ended: \(error)") }
        }
    }

    /// Starts it, if nobody has yet.
    public static func start() throws(Errno) { try thread.get() }
}
