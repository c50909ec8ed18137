internal import CLinux
internal import Glibc

/// The terminal at the other end of a descriptor.
public enum TerminalDevice {
    /// Columns (`ioctl(TIOCGWINSZ)`), 80 where the terminal does not know; nil where there is no terminal.
    public static func width(of descriptor: Int32) -> Int? {
        size(of: descriptor).map { $0.columns == 0 ? 80 : Int($0.columns) }
    }

    /// Rows and columns (`ioctl(TIOCGWINSZ)`), 0 where the terminal does not know; nil where there is no terminal.
    public static func size(of descriptor: Int32) -> (rows: UInt16, columns: UInt16)? {
        var size = winsize()
        guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 else { return nil }
        return (size.ws_row, size.ws_col)
    }

    /// Tells the terminal its size, and with SIGWINCH those who run in it (`ioctl(TIOCSWINSZ)`).
    public static func resize(_ descriptor: Int32, rows: UInt16, columns: UInt16) throws(Errno) {
        var size = winsize(ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0)
        guard unsafe ioctl(descriptor, UInt(TIOCSWINSZ), &size) == 0 else { throw Errno(rawValue: errno) }
    }
}

/// A terminal that hands on every key as it is, until it is given back.
///
/// A child of this process gives it back when this process ends without having done so, by SIGKILL too.
public final class RawTerminal: Sendable {
    private let descriptor: Int32
    private let before: termios
    private let keeper: Guarded<(pid: Int32, line: Descriptor)?>

    /// Sets raw mode (`cfmakeraw`). The terminal must stay open as long as the value is used.
    public init(_ descriptor: Int32) throws(Errno) {
        var mode = termios()
        guard unsafe tcgetattr(descriptor, &mode) == 0 else { throw Errno(rawValue: errno) }
        self.descriptor = descriptor
        before = mode
        var pid: Int32 = 0
        let line = Descriptor(owning: try check(unsafe davit_keep_terminal(descriptor, &pid)))
        keeper = Guarded((pid, line))
        unsafe cfmakeraw(&mode)
        guard unsafe tcsetattr(descriptor, TCSADRAIN, &mode) == 0 else { throw Errno(rawValue: errno) }
    }

    /// Gives the terminal its mode back. Idempotent.
    public func restore() {
        keeper.withLock { keeper in
            guard let (pid, line) = keeper.take() else { return }
            var mode = before
            unsafe tcsetattr(descriptor, TCSADRAIN, &mode)
            // Only now: until here the keeper would have done it.
            _ = try? line.write("x")
            davit_collect(pid)
        }
    }
}
