internal import CLinux

/// Kinds of Unix sockets.
public enum SocketKind: Int32, Sendable {
    case stream = 1
    case sequencedPackets = 5
}

/// Two connected Unix sockets (`socketpair`).
public struct SocketPair: Sendable {
    public let a: Descriptor
    public let b: Descriptor

    public init(_ kind: SocketKind) throws(Errno) {
        var (a, b): (Int32, Int32) = (-1, -1)
        try check(unsafe davit_socket_pair(kind.rawValue, &a, &b))
        (self.a, self.b) = (Descriptor(owning: a), Descriptor(owning: b))
    }
}

/// Unix sockets in the file system. A path has at most 107 bytes.
public enum UnixSocket {
    /// A listening, nonblocking socket. Throws ``Errno/addressInUse`` when the name is taken.
    ///
    /// Nobody who `mode` keeps out can connect at any instant.
    public static func listen(
        _ path: String, _ kind: SocketKind = .stream, mode: UInt32 = 0o600, backlog: Int32 = 128
    ) throws(Errno) -> Descriptor {
        let path = try plain(path)
        return Descriptor(owning: try check(unsafe davit_unix_listen(path, kind.rawValue, mode, backlog)))
    }

    /// A connected, blocking socket.
    public static func connect(_ path: String, _ kind: SocketKind = .stream) throws(Errno) -> Descriptor {
        let path = try plain(path)
        return Descriptor(owning: try check(unsafe davit_unix_connect(path, kind.rawValue)))
    }

    /// A connected, nonblocking stream socket. Throws ``Errno/wouldBlock`` when the listener's queue is full.
    public static func connectAtOnce(_ path: String) throws(Errno) -> Descriptor {
        let path = try plain(path)
        // SOCK_STREAM | SOCK_NONBLOCK
        return Descriptor(owning: try check(unsafe davit_unix_connect(path, 1 | OpenFlags.nonblocking.rawValue)))
    }

    /// The next connection, nonblocking; nil when none waits (`accept4`).
    public static func accept(_ listener: Descriptor) throws(Errno) -> Descriptor? {
        let result = davit_accept(listener.rawValue)
        if result == -Errno.wouldBlock.rawValue { return nil }
        return Descriptor(owning: try check(result))
    }
}

/// Who is at the other end of a Unix socket, as the kernel saw it when it connected.
public struct PeerCredentials: Sendable, Hashable {
    public var uid: UInt32
    public var gid: UInt32
    /// 0 when it lives in a PID namespace we cannot see.
    public var pid: Int32
    /// Supplementary groups.
    public var groups: [UInt32]

    /// `SO_PEERCRED` and `SO_PEERGROUPS` (Linux 4.13).
    public init(of socket: borrowing some OpenFile & ~Copyable) throws(Errno) {
        (uid, gid, pid, groups) = (0, 0, 0, [])
        try check(unsafe davit_peer(socket.rawValue, &uid, &gid, &pid))
        do { groups = try Self.groups(of: socket, atMost: 64) } catch {
            guard error == .outOfRange else { throw error }
            // NGROUPS_MAX of <linux/limits.h>: no process has more.
            groups = try Self.groups(of: socket, atMost: 65536)
        }
    }

    private static func groups(
        of socket: borrowing some OpenFile & ~Copyable, atMost most: Int
    ) throws(Errno) -> [UInt32] {
        var buffer = [UInt32](repeating: 0, count: most)
        let count = try check(unsafe davit_peer_groups(socket.rawValue, &buffer, buffer.count))
        return Array(buffer.prefix(Int(count)))
    }
}

extension Descriptor {
    /// Sends one message (`sendmsg`, no SIGPIPE) with copies of descriptors, at most 253. Returns the bytes taken.
    ///
    /// On a stream that may be fewer than given; the descriptors go with the first byte. Throws ``Errno/wouldBlock``
    /// instead of waiting when `wait` is false, ``Errno/brokenPipe`` when the peer is gone.
    @discardableResult
    public func send(_ bytes: [UInt8], descriptors: [Int32] = [], wait: Bool = true) throws(Errno) -> Int {
        try send(bytes[...], descriptors: descriptors, wait: wait)
    }

    /// The same for a slice.
    @discardableResult
    public func send(_ bytes: ArraySlice<UInt8>, descriptors: [Int32] = [], wait: Bool = true) throws(Errno) -> Int {
        let result = unsafe bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return Int64(0) }
            return unsafe davit_send(rawValue, base, buffer.count, descriptors, descriptors.count, wait)
        }
        return Int(try check(result))
    }

    /// Receives at most `count` bytes and `maximum` descriptors (`recvmsg`). No bytes: the peer closed.
    ///
    /// Descriptors past `maximum` are closed. Throws ``Errno/messageTooLong`` when a packet was longer than `count`.
    public func receive(upTo count: Int, maxDescriptors maximum: Int = 0) throws(Errno) -> ([UInt8], [Descriptor]) {
        var outcome: Result<(Int, [Descriptor]), Errno> = .success((0, []))
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: max(1, count)) { buffer, used in
            outcome = Result { () throws(Errno) in try unsafe receive(into: buffer, maximum) }
            used = (try? outcome.get().0) ?? 0
        }
        return (bytes, try outcome.get().1)
    }

    /// The same over the bytes of `buffer`, from its beginning. Returns how many were received.
    public func receive(
        into buffer: inout [UInt8], maxDescriptors maximum: Int = 0
    ) throws(Errno) -> (count: Int, descriptors: [Descriptor]) {
        let outcome = unsafe buffer.withUnsafeMutableBufferPointer { buffer in
            Result { () throws(Errno) in try unsafe receive(into: buffer, maximum) }
        }
        return try outcome.get()
    }

    private func receive(
        into buffer: UnsafeMutableBufferPointer<UInt8>, _ maximum: Int
    ) throws(Errno) -> (Int, [Descriptor]) {
        guard let base = buffer.baseAddress else { return (0, []) }
        var numbers = [Int32](repeating: -1, count: max(0, maximum))
        var taken = 0
        let result = unsafe davit_receive(rawValue, base, buffer.count, &numbers, numbers.count, &taken)
        return (Int(try check(result)), numbers.prefix(taken).map { Descriptor(owning: $0) })
    }

    /// Ends one direction or both: 0 reading, 1 writing, 2 both (`shutdown`).
    public func shutdown(_ how: Int32) throws(Errno) { try check(davit_shutdown(rawValue, how)) }
}
