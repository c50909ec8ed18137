internal import CLinux

/// TCP and UDP sockets. Addresses are numbers, such as `127.0.0.1` or `::1`: nothing here asks a name server.
public enum InternetSocket {
    public enum Kind: Int32, Sendable {
        case stream = 1
        case datagram = 2
    }

    /// A nonblocking socket that is bound, and listens when it is a stream's.
    ///
    /// Throws ``Errno/addressInUse``, ``Errno/addressNotAvailable``, and ``Errno/invalid`` for a text that is no address.
    public static func listen(
        _ kind: Kind, address: String, port: UInt16, backlog: Int32 = 4096
    ) throws(Errno) -> Descriptor {
        let address = try plain(address)
        let socket = Descriptor(owning: try check(unsafe davit_inet_socket(address, kind.rawValue)))
        try check(unsafe davit_inet_bind(socket.rawValue, address, port, kind == .stream ? backlog : 0))
        return socket
    }

    /// A nonblocking TCP socket that is not connected. It belongs for ever to the network namespace of the thread.
    public static func stream(for address: String) throws(Errno) -> Descriptor {
        let address = try plain(address)
        return Descriptor(owning: try check(unsafe davit_inet_socket(address, Kind.stream.rawValue)))
    }
}

extension Descriptor {
    /// Connects a nonblocking TCP socket; waits until it is done or the deadline has come (`connect`, `poll`).
    ///
    /// Throws ``Errno/timedOut`` at the deadline. Blocks.
    public func connect(to address: String, port: UInt16, until deadline: MonotonicTime) throws(Errno) {
        let address = try plain(address)
        let result = unsafe davit_inet_connect(rawValue, address, port)
        guard result == -Errno.inProgress.rawValue else {
            try check(result)
            return
        }
        guard try wait(forWriting: true, until: deadline) else { throw Errno.timedOut }
        try check(davit_socket_error(rawValue))
    }

    /// Waits until reading, or writing, would not block. False: the deadline has come.
    public func wait(forWriting: Bool = false, until deadline: MonotonicTime) throws(Errno) -> Bool {
        let left = MonotonicTime.now.distance(to: deadline)
        let milliseconds = left.components.seconds * 1000 + left.components.attoseconds / 1_000_000_000_000_000
        return try check(davit_poll(rawValue, forWriting ? 4 : 1, Int32(clamping: milliseconds))) != 0
    }

    /// Whether this is a socket that takes connections or datagrams.
    public var serves: Bool { davit_socket_serves(rawValue) == 1 }
}

/// A place where processes of a container say how they are, such as sd_notify(3) does.
public enum DatagramSocket {
    /// A nonblocking Unix datagram socket at a path of at most 107 bytes; throws ``Errno/addressInUse``.
    public static func receive(at path: String, mode: UInt32) throws(Errno) -> Descriptor {
        let path = try plain(path)
        return Descriptor(owning: try check(unsafe davit_unix_receiver(path, mode)))
    }

    /// The next datagram and its sender, as the kernel knows it; nil when none waits.
    ///
    /// Throws ``Errno/messageTooLong`` for one of more than `count` bytes, which is gone then.
    public static func next(
        _ socket: Descriptor, upTo count: Int
    ) throws(Errno) -> (bytes: [UInt8], uid: UInt32, pid: Int32)? {
        var (uid, pid): (UInt32, Int32) = (0, 0)
        var result: Int64 = 0
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: max(1, count)) { buffer, used in
            guard let base = buffer.baseAddress else { return }
            result = unsafe davit_receive_datagram(socket.rawValue, base, buffer.count, &uid, &pid)
            used = max(0, Int(result))
        }
        if result == -Int64(Errno.wouldBlock.rawValue) { return nil }
        try check(result)
        return (bytes, uid, pid)
    }
}

extension Pidfd {
    /// A copy of a descriptor of that process (`pidfd_getfd`, Linux 5.6). Throws ``Errno/badDescriptor``.
    public func descriptor(_ number: Int32) throws(Errno) -> Descriptor {
        Descriptor(owning: try check(davit_pidfd_getfd(descriptor.rawValue, number)))
    }
}
