/// How large a terminal is, in characters.
public struct TerminalSize: Sendable, Hashable, Codable {
    public var rows: UInt16
    public var columns: UInt16

    public init(rows: UInt16, columns: UInt16) {
        self.rows = rows
        self.columns = columns
    }

    /// What a terminal has that nobody gave a size.
    public static let standard = TerminalSize(rows: 24, columns: 80)
}
