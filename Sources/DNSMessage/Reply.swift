/// What is said to a question.
public struct Reply: Sendable, Hashable {
    public enum Code: UInt8, Sendable {
        case fine = 0, serverFailed = 2, noSuchName = 3, notImplemented = 4, refused = 5
    }

    public var code: Code
    /// Records as in a zone file.
    public var answers: [String]
    /// A record, or nothing.
    public var authority: String
    public var isAuthoritative: Bool { code == .fine || code == .noSuchName }

    public init(code: Code, answers: [String] = [], authority: String = "") {
        (self.code, self.answers, self.authority) = (code, answers, authority)
    }
}
