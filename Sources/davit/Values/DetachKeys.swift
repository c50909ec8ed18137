import ArgumentParser

/// The keys that leave a terminal without ending what runs in it.
struct DetachKeys: Equatable {
    /// ctrl-p ctrl-q, as docker has it.
    static let standard = DetachKeys(bytes: [16, 17])

    private let bytes: [UInt8]
    /// How many of them were typed.
    private var typed = 0

    private init(bytes: [UInt8]) { self.bytes = bytes }

    /// Reads a list such as `ctrl-p,ctrl-q` or `a,b`; an empty one is never typed.
    init(_ text: String) throws {
        bytes = try text.isEmpty ? [] : text.split(separator: ",", omittingEmptySubsequences: false).map(Self.key)
    }

    private static func key(_ word: Substring) throws -> UInt8 {
        if word.count == 1, let byte = word.utf8.first, word.utf8.count == 1 { return byte }
        // The control keys are the letters and the signs around them, less 64.
        if word.lowercased().hasPrefix("ctrl-"), word.utf8.count == 6, let sign = word.uppercased().utf8.last,
            (0x40...0x5F).contains(sign)
        {
            return sign - 0x40
        }
        throw ValidationError("\"\(word)\" is no key: write a character, or ctrl- and one of a-z @ [ \\ ] ^ _")
    }

    /// Takes what was typed; answers what of it is for the program, and whether the keys were among it.
    ///
    /// Their beginning is held back until the next key tells whether it was meant.
    mutating func filter(_ input: [UInt8]) -> (pass: [UInt8], isDetached: Bool) {
        guard !bytes.isEmpty else { return (input, false) }
        var pass: [UInt8] = []
        for byte in input {
            // What was held back may end with their beginning: of `a a`, `a b`, the second `a` may begin them.
            var held = bytes.prefix(typed) + [byte]
            while !bytes.starts(with: held) { pass.append(held.removeFirst()) }
            typed = held.count
            if typed == bytes.count { return (pass, true) }
        }
        return (pass, false)
    }
}
