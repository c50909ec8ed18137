internal import CLinux

/// The other end of an Internet socket.
public struct Peer: Sendable, Hashable {
    /// A number, such as `127.0.0.1` or `::1`, without a zone.
    public var address: String
    public var port: UInt16

    public init(address: String, port: UInt16) { (self.address, self.port) = (address, port) }
}

extension InternetSocket {
    /// As ``listen(_:address:port:backlog:)``, also on an address that no link has yet (`IP_FREEBIND`); a socket of IPv6
    /// takes only IPv6.
    public static func serve(
        _ kind: Kind, address: String, port: UInt16, backlog: Int32 = 128
    ) throws(Errno) -> Descriptor {
        let address = try plain(address)
        let backlog = kind == .stream ? backlog : 0
        return Descriptor(owning: try check(unsafe davit_inet_serve(address, kind.rawValue, port, backlog)))
    }
}

extension Descriptor {
    /// One datagram and who sent it (`recvfrom`); bytes past `count` are lost. Throws ``Errno/wouldBlock`` when none is
    /// there, never blocks.
    public func datagram(upTo count: Int) throws(Errno) -> (bytes: [UInt8], sender: Peer) {
        var text = [CChar](repeating: 0, count: DAVIT_ADDRESS_SIZE)
        var (port, result): (UInt16, Int64) = (0, 0)
        let bytes = unsafe [UInt8](unsafeUninitializedCapacity: max(1, count)) { buffer, used in
            guard let base = buffer.baseAddress else { return }
            result = unsafe davit_inet_receive(rawValue, base, buffer.count, &text, &port)
            used = max(0, Int(result))
        }
        try check(result)
        return (bytes, Peer(address: string(text), port: port))
    }

    /// Sends one datagram (`sendto`). Throws ``Errno/wouldBlock`` when there is no room, never blocks.
    public func send(_ bytes: [UInt8], to peer: Peer) throws(Errno) {
        let address = try plain(peer.address)
        let result = unsafe bytes.withUnsafeBufferPointer { buffer in
            guard let base = buffer.baseAddress else { return Int64(0) }
            return unsafe davit_inet_send(rawValue, base, buffer.count, address, peer.port)
        }
        try check(result)
    }

    /// Begins to connect a nonblocking socket (`connect`); it is writable when that is done.
    public func beginConnecting(to peer: Peer) throws(Errno) {
        let address = try plain(peer.address)
        let result = unsafe davit_inet_connect(rawValue, address, peer.port)
        if result != -Errno.inProgress.rawValue { try check(result) }
    }

    /// Who is at the other end (`getpeername`).
    public func peer() throws(Errno) -> Peer {
        var text = [CChar](repeating: 0, count: DAVIT_ADDRESS_SIZE)
        var port: UInt16 = 0
        try check(unsafe davit_inet_peer(rawValue, &text, &port))
        return Peer(address: string(text), port: port)
    }
}

private func string(_ text: [CChar]) -> String {
    String(decoding: text.prefix { $0 != 0 }.map { UInt8(bitPattern: $0) }, as: UTF8.self)
}
