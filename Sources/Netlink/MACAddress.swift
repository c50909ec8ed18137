/// The address of a link: 48 bits.
public struct MACAddress: Sendable, Hashable {
    /// First the byte that is sent first.
    public let bytes: [UInt8]

    /// Nil unless there are six bytes.
    public init?(bytes: some Collection<UInt8>) {
        guard bytes.count == 6 else { return nil }
        self.bytes = Array(bytes)
    }

    /// Reads `02:42:ac:11:00:02`: six pairs of hexadecimal digits, nothing else.
    public init?(_ text: String) {
        let pairs = text.utf8.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        let bytes = pairs.compactMap { pair in pair.count == 2 ? Digits.number(pair, base: 16, atMost: 255) : nil }
        guard pairs.count == 6, bytes.count == 6 else { return nil }
        self.bytes = bytes.map(UInt8.init)
    }

    /// Addresses a group of links; no link can own it.
    public var isMulticast: Bool { bytes[0] & 1 != 0 }
    /// Given by an administrator and not by a manufacturer.
    public var isLocal: Bool { bytes[0] & 2 != 0 }
}

extension MACAddress: CustomStringConvertible {
    public var description: String {
        bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined(separator: ":")
    }
}
