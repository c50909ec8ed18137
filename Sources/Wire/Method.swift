public import Model

/// A verb of the protocol: its name and its types are the whole contract, and the schema is made from them.
public protocol Method: Sendable {
    associatedtype Params: Codable & Sendable
    associatedtype Result: Codable & Sendable
    /// What a stream sends before its final line.
    associatedtype Item: Codable & Sendable = NoItem

    /// `noun.verb`; never changes its meaning.
    static var name: String { get }
    /// One sentence for the reference manual.
    static var summary: String { get }
    /// Whether it changes anything: such a call, once begun, is never cancelled.
    static var changes: Bool { get }
    /// Whether it sends items.
    static var streams: Bool { get }
    static var lane: Lane { get }
    static var right: Right { get }
    /// The feature version in which it appeared.
    static var since: String { get }
    /// Codes it may answer beside those that every method may.
    static var errors: [ErrorCode] { get }
}

extension Method {
    public static var changes: Bool { false }
    public static var streams: Bool { false }
    public static var lane: Lane { .slow }
    public static var since: String { "0.1" }
    public static var errors: [ErrorCode] { [] }
}

/// What a caller must be allowed for a method.
public enum Right: String, Sendable, Hashable, Codable, CaseIterable {
    case read, operate, create, admin
}

/// How a method is answered: `quick` ones at once on the event loop, never behind slow work.
public enum Lane: String, Sendable, Hashable, Codable, CaseIterable {
    case quick, slow
}

/// The item of a method that sends none.
public struct NoItem: Sendable, Codable {
    public init() {}
}
