public import JSON
public import Linux
internal import Model

/// A value that passes a driver's door: a JSON object, and descriptors beside it that the object names by index.
///
/// The same conformance packs on one side and unpacks on the other, so both directions stand in one place.
public protocol DriverMessage: Sendable {
    associatedtype Body: Codable & Sendable

    /// The JSON side of the value; its descriptors are appended to `descriptors`.
    func body(_ descriptors: inout [Descriptor]) throws -> Body
    /// Throws `driver.bad_reply` when the object names a descriptor that isn't there.
    init(body: Body, _ descriptors: [Descriptor]) throws
}

/// A value with no descriptors: its own JSON.
public protocol PlainDriverMessage: DriverMessage, Codable where Body == Self {}

extension PlainDriverMessage {
    public func body(_ descriptors: inout [Descriptor]) throws -> Self { self }
    public init(body: Self, _ descriptors: [Descriptor]) throws { self = body }
}

/// A method of a driver, with the types that go in and come out.
public struct DriverMethod<Parameters: DriverMessage, Reply: DriverMessage>: Sendable {
    /// As it stands in the manifest and crosses the door.
    public let name: String

    init(_ name: String) { self.name = name }
}

/// Nothing to say.
public struct NoValue: PlainDriverMessage, Hashable {
    public init() {}
}

/// A JSON object with its descriptors, ready to cross.
public struct PackedMessage: Sendable {
    public var object: JSONValue
    public var descriptors: [Descriptor]

    public init(object: JSONValue, descriptors: [Descriptor]) {
        self.object = object
        self.descriptors = descriptors
    }

    public init(_ message: some DriverMessage) throws {
        var descriptors: [Descriptor] = []
        object = try JSONValue(encoding: message.body(&descriptors))
        self.descriptors = descriptors
    }

    /// Unknown keys are refused in parameters, where they would be a wish that nobody heeds, and ignored in replies.
    public func unpack<Message: DriverMessage>(
        _ type: Message.Type, unknownKeys: UnknownKeys
    ) throws -> Message {
        try Message(body: object.decode(Message.Body.self, unknownKeys: unknownKeys), descriptors)
    }
}

extension [Descriptor] {
    /// Appends a descriptor and answers its index.
    mutating func add(_ descriptor: Descriptor) -> Int {
        append(descriptor)
        return count - 1
    }

    func at(_ index: Int, _ name: String) throws -> Descriptor {
        guard indices.contains(index) else {
            throw AgentError(
                .driverBadReply, "\"\(name)\" names descriptor \(index), but only \(count) came with the message")
        }
        return self[index]
    }
}
