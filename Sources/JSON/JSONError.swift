/// Why a text is no acceptable JSON, or a JSON value not of the type that was asked for.
public struct JSONError: Error, Sendable, Hashable {
    public enum Code: String, Sendable, Hashable, CaseIterable {
        // The text
        case empty
        case invalidUTF8 = "invalid_utf8"
        case nulCharacter = "nul_character"
        case controlCharacter = "control_character"
        case unexpectedCharacter = "unexpected_character"
        case unexpectedEnd = "unexpected_end"
        case badLiteral = "bad_literal"
        case badNumber = "bad_number"
        case numberOutOfRange = "number_out_of_range"
        case badEscape = "bad_escape"
        case loneSurrogate = "lone_surrogate"
        case duplicateKey = "duplicate_key"
        case trailingComma = "trailing_comma"
        case trailingGarbage = "trailing_garbage"
        case tooDeep = "too_deep"
        case tooLong = "too_long"
        case unfinishedComment = "unfinished_comment"

        // The value
        case missingKey = "missing_key"
        case unknownKey = "unknown_key"
        case wrongType = "wrong_type"
        case outOfRange = "out_of_range"
        case badValue = "bad_value"
        case notEncodable = "not_encodable"
    }

    public var code: Code
    /// The byte of the text at which reading stopped, counted from 0; nil when a value was wrong, not a text.
    public var offset: Int?
    /// Where in the value, such as `params.mounts[2].source`; empty for the whole.
    public var path: String
    /// What was expected and what was found, for a person, without the place.
    public var message: String

    public init(_ code: Code, offset: Int? = nil, path: String = "", _ message: String) {
        self.code = code
        self.offset = offset
        self.path = path
        self.message = message
    }
}

extension JSONError: CustomStringConvertible {
    public var description: String {
        if let offset { return "byte \(offset): \(message)" }
        return path.isEmpty ? message : "\(path): \(message)"
    }
}

/// The word of `known` that was probably meant, or nil where none is near.
public func nearest(to word: String, among known: some Sequence<String>) -> String? {
    let limit = max(1, min(3, word.utf8.count / 3))
    // Of two equally near words the one that begins alike is the likelier.
    let near = known.map { known in
        (distance: editDistance(Array(word.utf8), Array(known.utf8)), strange: known.first == word.first ? 0 : 1, known)
    }
    return near.filter { $0.distance <= limit }.min { $0 < $1 }?.2
}

/// Levenshtein's distance with one row; words over 64 bytes are never near, so a hostile key costs nothing.
private func editDistance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    guard left.count <= 64, right.count <= 64 else { return .max }
    var row = Array(0...right.count)
    for (i, a) in left.enumerated() {
        var diagonal = row[0]
        row[0] = i + 1
        for (j, b) in right.enumerated() {
            let changed = diagonal + (a == b ? 0 : 1)
            diagonal = row[j + 1]
            row[j + 1] = min(changed, row[j] + 1, diagonal + 1)
        }
    }
    return row[right.count]
}
