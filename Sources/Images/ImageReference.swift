public import Model

/// An image's full name: `registry/repository:tag[@digest]`, as docker understands one.
///
/// `debian` means `docker.io/library/debian:latest`; the text of a reference is always the long form.
public struct ImageReference: Sendable, Hashable, CustomStringConvertible {
    /// A host name, with a port where there is one.
    public let registry: String
    /// Lower-case components separated by `/`.
    public let repository: String
    public let tag: String
    /// `sha256:` and 64 hexadecimal digits.
    public let digest: String?

    /// The text's longest form in bytes: it is a file's name, too.
    private static let longest = 230

    /// Throws `image.reference_invalid`.
    public init(_ text: String) throws(AgentError) {
        let parts = text.split(separator: "@", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        var name = parts[0]
        digest = parts.count > 1 ? parts[1] : nil
        let colon = name.lastIndex(of: ":").flatMap { name[$0...].contains("/") ? nil : $0 }
        tag = colon.map { String(name[name.index(after: $0)...]) } ?? "latest"
        if let colon { name = String(name[..<colon]) }
        (registry, repository) = Self.split(name)
        if let problem { throw Self.refused(text, problem) }
    }

    public var description: String { "\(registry)/\(repository):\(tag)" + (digest.map { "@" + $0 } ?? "") }

    /// The short form that people write: without `docker.io/` and `library/`.
    public var familiar: String {
        let library = registry == "docker.io" && repository.hasPrefix("library/")
        let name = library ? String(repository.dropFirst(8)) : repository
        return (registry == "docker.io" ? name : "\(registry)/\(name)") + ":\(tag)" + (digest.map { "@" + $0 } ?? "")
    }

    private static func split(_ name: String) -> (String, String) {
        guard let slash = name.firstIndex(of: "/") else { return ("docker.io", "library/" + name) }
        let first = String(name[..<slash])
        let rest = String(name[name.index(after: slash)...])
        let isHost = first == "localhost" || first.contains { $0 == "." || $0 == ":" || $0.isUppercase }
        guard isHost else { return ("docker.io", name) }
        let isHub = first == "docker.io" || first == "index.docker.io"
        guard isHub else { return (first, rest) }
        return ("docker.io", rest.contains("/") ? rest : "library/" + rest)
    }

    private var problem: String? {
        let components = repository.split(separator: "/", omittingEmptySubsequences: false)
        if !components.allSatisfy(Self.isComponent) {
            return "the name has lower-case letters and digits, separated by one of . _ __ - and by /"
        }
        if !Self.isHost(registry) { return "\"\(registry)\" is not a host name" }
        if !Self.isTag(tag) { return "a tag has 1 to 128 of [a-zA-Z0-9_.-], the first not . or -" }
        if let digest, !digest.hasPrefix("sha256:") || (try? LayerID(String(digest.dropFirst(7)))) == nil {
            return "a digest is sha256: and 64 hexadecimal digits"
        }
        return description.utf8.count > Self.longest ? "it is longer than \(Self.longest) bytes" : nil
    }

    private static func refused(_ text: String, _ problem: String) -> AgentError {
        AgentError(.imageReferenceInvalid, "\"\(text.prefix(300))\" is not an image reference: \(problem)")
    }

    // MARK: Characters

    private static func isLower(_ byte: UInt8) -> Bool {
        (0x61...0x7A).contains(byte) || (0x30...0x39).contains(byte)
    }

    private static func isLetterOrDigit(_ byte: UInt8) -> Bool { isLower(byte) || (0x41...0x5A).contains(byte) }

    private static func isComponent(_ text: Substring) -> Bool {
        guard let first = text.utf8.first, let last = text.utf8.last, isLower(first), isLower(last) else {
            return false
        }
        let separators = text.utf8.split(whereSeparator: isLower).map { String(Substring($0)) }
        return separators.allSatisfy { $0 == "." || $0 == "_" || $0 == "__" || $0.allSatisfy { $0 == "-" } }
    }

    private static func isHost(_ text: String) -> Bool {
        let parts = text.split(separator: ":", omittingEmptySubsequences: false)
        guard (1...2).contains(parts.count), let host = parts.first, !host.isEmpty else { return false }
        if parts.count == 2, UInt16(parts[1]) == nil { return false }
        return host.utf8.allSatisfy { isLetterOrDigit($0) || $0 == 0x2E || $0 == 0x2D } && !host.hasPrefix(".")
    }

    private static func isTag(_ text: String) -> Bool {
        guard let first = text.utf8.first, text.utf8.count <= 128 else { return false }
        return first != 0x2E && first != 0x2D
            && text.utf8.allSatisfy { isLetterOrDigit($0) || $0 == 0x5F || $0 == 0x2E || $0 == 0x2D }
    }
}

extension ImageReference: Codable {
    public init(from decoder: any Decoder) throws {
        try self.init(decoder.singleValueContainer().decode(String.self))
    }

    public func encode(to encoder: any Encoder) throws {
        var container = encoder.singleValueContainer()
        try container.encode(description)
    }
}
