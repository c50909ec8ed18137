internal import JSON
internal import Linux
internal import Model

/// One message between the agent and a driver's own process, on a socket of sequenced packets; descriptors ride along.
///
/// Exactly one of the members is there.
struct DriverPacket: Codable {
    struct Call: Codable {
        var operation: UInt64
        var method: String
        /// CLOCK_MONOTONIC nanoseconds.
        var deadline: UInt64
        var params: JSONValue
    }

    struct Reply: Codable {
        var operation: UInt64
        var result: JSONValue?
        var error: AgentError?
    }

    struct Log: Codable {
        var level: Int32
        var text: String
    }

    /// Agent to driver.
    var call: Call?
    /// Agent to driver: the operation that nobody waits for any more.
    var cancel: UInt64?
    /// Driver to agent.
    var reply: Reply?
    var log: Log?
    var event: JSONValue?

    /// No packet is longer; the kernel's default buffer takes about this much.
    static let limit = 200 << 10
    static let descriptorLimit = 32

    /// Blocks while the peer's queue is full. Throws `EMSGSIZE` for more than the kernel carries in one packet.
    func send(on socket: Descriptor, _ descriptors: [Descriptor] = []) throws {
        var bytes: [UInt8] = []
        try JSONValue(encoding: self).print(to: &bytes)
        try withExtendedLifetime(descriptors) {
            _ = try socket.send(bytes, descriptors: descriptors.map(\.rawValue))
        }
    }

    /// The next packet, or nil when the peer is gone. Blocks.
    static func receive(on socket: Descriptor) throws -> (packet: DriverPacket, descriptors: [Descriptor])? {
        let (bytes, descriptors) = try socket.receive(upTo: limit, maxDescriptors: descriptorLimit)
        if bytes.isEmpty { return nil }
        let limits = JSONLimits(bytes: limit)
        let packet = try JSONValue(parsing: bytes, limits: limits).decode(DriverPacket.self, unknownKeys: .ignore)
        return (packet, descriptors)
    }
}
