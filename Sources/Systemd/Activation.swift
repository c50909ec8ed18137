internal import CSystemd
internal import Glibc

/// The descriptors systemd handed to this process: sockets of its socket unit, and what `Notify.store` kept.
public enum Activation {
    /// A descriptor and the name it came with (`FileDescriptorName=`, `FDNAME=`). It is CLOEXEC and the caller's to close.
    public struct Passed: Equatable, Sendable {
        public let fd: Int32
        public let name: String
        /// Whether it is a Unix stream socket that listens.
        public let isListener: Bool
    }

    /// Everything passed, in systemd's order, which is not stable over restarts: go by the names. The environment is
    /// read, and cleared for children, at the first use.
    public static let passed: [Passed] = take()

    /// The listening Unix sockets among `passed`.
    public static func listeners() -> [Passed] { passed.filter(\.isListener) }

    /// What the descriptor store kept under `name`.
    public static func stored(name: String) -> [Passed] { passed.filter { !$0.isListener && $0.name == name } }

    private static func take() -> [Passed] {
        var names: UnsafeMutablePointer<UnsafeMutablePointer<CChar>?>?
        let count = unsafe sd_listen_fds_with_names(1, &names)
        guard count > 0, let names = unsafe names else { return [] }
        defer { unsafe free(names) }
        return (0..<Int(count)).map { index in
            let fd = Int32(SD_LISTEN_FDS_START) + Int32(index)
            let listens = sd_is_socket_unix(fd, Int32(SOCK_STREAM.rawValue), 1, nil, 0) > 0
            return Passed(fd: fd, name: unsafe takeString(names[index]), isListener: listens)
        }
    }

    private static func takeString(_ string: UnsafeMutablePointer<CChar>?) -> String {
        guard let string = unsafe string else { return "" }
        defer { unsafe free(string) }
        return unsafe String(cString: string)
    }
}

/// Whether systemd is this machine's init.
public var booted: Bool { sd_booted() > 0 }
