internal import Glibc

/// A call into libsystemd that failed: which one, its errno, and what systemd said about it, if anything.
public struct SystemdError: Error, Equatable, CustomStringConvertible {
    /// The C function, for example `sd_event_add_io`.
    public let call: String
    /// A positive errno.
    public let errno: Int32
    /// The words of the other side, for example of a D-Bus error; may be empty.
    public let message: String

    /// Describes a failure of `call`.
    public init(call: String, errno: Int32, message: String = "") {
        self.call = call
        self.errno = errno
        self.message = message
    }

    public var description: String {
        let words = unsafe String(cString: strerror(errno))
        return message.isEmpty ? "\(call): \(words)" : "\(call): \(message) (\(words))"
    }
}

/// The one door from a negative return value to an error.
@discardableResult
func check(_ call: String, _ result: Int32) throws(SystemdError) -> Int32 {
    guard result >= 0 else { throw SystemdError(call: call, errno: -result) }
    return result
}
