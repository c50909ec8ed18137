/// A version of the CNI specification that this driver speaks.
struct CNIVersion: Sendable, Hashable, Comparable, CustomStringConvertible {
    /// Oldest first. Results of earlier ones have another form, and no chains.
    private static let names = ["0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"]

    static let known = names.indices.map { CNIVersion(index: $0) }
    /// The first with `CHECK`, and with `prevResult` in `DEL`.
    static let withCheck = CNIVersion(index: 2)
    /// The first with `STATUS` and `GC`.
    static let withStatus = CNIVersion(index: 4)
    /// As in `0.3.0 to 1.1.0`.
    static let range = "\(names[0]) to \(names[names.count - 1])"

    private let index: Int

    private init(index: Int) { self.index = index }

    /// Nil for one that is not known.
    init?(_ text: String) {
        guard let index = Self.names.firstIndex(of: text) else { return nil }
        self.index = index
    }

    var description: String { Self.names[index] }

    static func < (left: CNIVersion, right: CNIVersion) -> Bool { left.index < right.index }
}
