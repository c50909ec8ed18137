/// A text that can't be wrong: it is checked where it comes in, and is its own JSON.
public protocol CheckedText: Sendable, Hashable, Codable, CustomStringConvertible {
    /// Throws `request.invalid`, or what else fits, with what it should be.
    init(_ text: String) throws(AgentError)
}

extension CheckedText {
    public init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}

/// The agent's own name for a container: 16 lower-case hexadecimal digits, never empty, never reused.
public struct ContainerID: CheckedText {
    public let description: String

    /// Refuses anything but 16 lower-case hexadecimal digits, so an id is always safe as a file or cgroup name.
    public init(_ text: String) throws(AgentError) {
        guard text.utf8.count == 16, text.utf8.allSatisfy(isLowerHexadecimal) else {
            throw AgentError(.requestInvalid, "\"\(text)\" is not a container id (16 lower-case hexadecimal digits)")
        }
        description = text
    }

    /// A new random id.
    public static func random() -> ContainerID {
        ContainerID(unchecked: hexadecimal(UInt64.random(in: .min ... .max)))
    }

    private init(unchecked text: String) { description = text }
}

/// A container's name for people: 1 to 63 characters `[a-zA-Z0-9][a-zA-Z0-9_.-]*`, unique on a host.
public struct ContainerName: CheckedText {
    public let description: String

    public init(_ text: String) throws(AgentError) {
        guard isName(text) else {
            throw AgentError(
                .requestInvalid,
                "\"\(text)\" is not a container name: use 1 to 63 of [a-zA-Z0-9_.-], starting with a letter or digit")
        }
        description = text
    }
}

/// A volume's name: of the same letters as a container's, unique in a storage driver, always safe as a file name.
public struct VolumeName: CheckedText {
    public let description: String

    public init(_ text: String) throws(AgentError) {
        guard isName(text) else {
            throw AgentError(
                .requestInvalid,
                "\"\(text)\" is not a volume name: use 1 to 63 of [a-zA-Z0-9_.-], starting with a letter or digit")
        }
        description = text
    }

    /// For a volume that nobody named.
    public static func random() -> VolumeName {
        VolumeName(unchecked: (0..<2).map { _ in hexadecimal(UInt64.random(in: .min ... .max)) }.joined())
    }

    private init(unchecked text: String) { description = text }
}

/// A network's name: of the same letters as a container's, unique on a host, always safe as a file name.
public struct NetworkName: CheckedText {
    public let description: String

    public init(_ text: String) throws(AgentError) {
        guard isName(text) else {
            throw AgentError(
                .requestInvalid,
                "\"\(text)\" is not a network name: use 1 to 63 of [a-zA-Z0-9_.-], starting with a letter or digit")
        }
        description = text
    }
}

/// The name of an unpacked layer in a storage driver: the 64 hexadecimal digits of its diff_id.
public struct LayerID: CheckedText {
    public let description: String

    public init(_ text: String) throws(AgentError) {
        guard text.utf8.count == 64, text.utf8.allSatisfy(isLowerHexadecimal) else {
            throw AgentError(.imageInvalid, "\"\(text)\" is not a layer id (64 lower-case hexadecimal digits)")
        }
        description = text
    }
}

/// 1 to 63 characters `[a-zA-Z0-9][a-zA-Z0-9_.-]*`.
private func isName(_ text: String) -> Bool {
    guard let first = text.utf8.first, isLetterOrDigit(first), text.utf8.count <= 63 else { return false }
    return text.utf8.allSatisfy { isLetterOrDigit($0) || $0 == 0x5F || $0 == 0x2E || $0 == 0x2D }
}

private func isLowerHexadecimal(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x61...0x66).contains(byte)
}

private func isLetterOrDigit(_ byte: UInt8) -> Bool {
    (0x30...0x39).contains(byte) || (0x41...0x5A).contains(byte) || (0x61...0x7A).contains(byte)
}

private func hexadecimal(_ value: UInt64) -> String {
    let digits = String(value, radix: 16)
    return String(repeating: "0", count: 16 - digits.count) + digits
}
