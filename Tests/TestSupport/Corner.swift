public import Linux
internal import Testing

/// A network namespace from which is sent, and in which is listened.
public struct Corner: Sendable {
    public let namespace: Descriptor

    public init(namespace: Descriptor) { self.namespace = namespace }

    public func listen(
        _ kind: InternetSocket.Kind, _ port: UInt16, at address: String = "0.0.0.0"
    ) throws -> Descriptor {
        try NetworkNamespace.run(in: namespace) { () throws(Errno) in
            try InternetSocket.listen(kind, address: address, port: port)
        }
    }

    /// A TCP connection; half a second is too short for a first packet that was lost.
    public func connect(_ address: String, _ port: UInt16) throws -> Descriptor {
        let socket = try NetworkNamespace.run(in: namespace) { () throws(Errno) in
            try InternetSocket.stream(for: address)
        }
        try socket.connect(to: address, port: port, until: .now.advanced(by: .milliseconds(500)))
        return socket
    }

    /// A UDP socket that sends to one place.
    public func datagrams(_ address: String, _ port: UInt16, from own: UInt16 = 0) throws -> Descriptor {
        let socket = try listen(.datagram, own, at: Self.any(as: address))
        try socket.connect(to: address, port: port, until: .now)
        return socket
    }

    /// A byte there and another back over a new TCP connection.
    public func exchange(_ address: String, _ port: UInt16, with listener: Descriptor) throws {
        let client = try connect(address, port)
        try #require(try listener.wait(until: .now.advanced(by: .milliseconds(500))))
        let server = try #require(try UnixSocket.accept(listener))
        try client.send([1])
        try #require(try server.wait(until: .now.advanced(by: .milliseconds(500))))
        #expect(try server.read(upTo: 9) == [1])
        try server.send([2])
        try #require(try client.wait(until: .now.advanced(by: .milliseconds(500))))
        #expect(try client.read(upTo: 9) == [2])
    }

    /// A datagram, which the receiver gets.
    public func send(_ byte: UInt8, _ address: String, _ port: UInt16, to receiver: Descriptor) throws {
        let socket = try datagrams(address, port)
        try socket.send([byte])
        try #require(try receiver.wait(until: .now.advanced(by: .milliseconds(500))), "no datagram came")
        #expect(try receiver.read(upTo: 9) == [byte])
    }

    /// A byte there and another back over a new TCP connection, and a datagram there.
    public func exchange(with other: Corner, at address: String) throws {
        let any = Self.any(as: address)
        try exchange(address, 80, with: other.listen(.stream, 80, at: any))
        try send(3, address, 53, to: other.listen(.datagram, 53, at: any))
    }

    /// Every address of the family of another.
    private static func any(as address: String) -> String { address.contains(":") ? "::" : "0.0.0.0" }
}
