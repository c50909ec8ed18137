internal import Glibc

/// The terminal at the other end of a descriptor.
public enum Terminal {
    /// Columns (`ioctl(TIOCGWINSZ)`), 80 where the terminal does not know; nil where there is no terminal.
    public static func width(of descriptor: Int32) -> Int? {
        var size = winsize()
        guard unsafe ioctl(descriptor, UInt(TIOCGWINSZ), &size) == 0 else { return nil }
        return size.ws_col == 0 ? 80 : Int(size.ws_col)
    }
}
