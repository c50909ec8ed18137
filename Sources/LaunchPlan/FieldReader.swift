/// Takes the fields of one record from front to back. Every doubt is thrown as ``Refusal``.
struct FieldReader {
    struct Refusal: Error {}

    private var rest: ArraySlice<String>

    init(_ fields: [String]) { rest = fields[...] }

    mutating func text() throws(Refusal) -> String {
        guard let field = rest.popFirst() else { throw Refusal() }
        return field
    }

    mutating func number<Value: FixedWidthInteger>() throws(Refusal) -> Value {
        guard let value = Value(decimal: try text()) else { throw Refusal() }
        return value
    }

    /// A number that says how many texts follow, and they.
    mutating func texts() throws(Refusal) -> [String] {
        let count: UInt32 = try number()
        guard Int(count) <= rest.count else { throw Refusal() }
        defer { rest = rest.dropFirst(Int(count)) }
        return [String](rest.prefix(Int(count)))
    }

    /// The index of a descriptor.
    mutating func descriptor() throws(Refusal) -> Int {
        let index: UInt16 = try number()
        return Int(index)
    }

    /// All that is left, as numbers.
    mutating func numbers() throws(Refusal) -> [UInt32] {
        var found: [UInt32] = []
        while !rest.isEmpty { found.append(try number()) }
        return found
    }

    mutating func word<Value>(among words: [(word: StaticString, value: Value)]) throws(Refusal) -> Value {
        let field = try text()
        for entry in words where field.says(entry.word) { return entry.value }
        throw Refusal()
    }

    /// Comma-separated words that each stand for a bit; "-" is none.
    mutating func bits(_ words: [(word: StaticString, bit: UInt64)]) throws(Refusal) -> UInt64 {
        let field = try text()
        if field.says("-") { return 0 }
        var bits: UInt64 = 0
        for part in field.utf8.split(separator: UInt8(ascii: ","), omittingEmptySubsequences: false) {
            guard let entry = words.first(where: { part.elementsEqual($0.word.bytes) }) else { throw Refusal() }
            bits |= entry.bit
        }
        return bits
    }

    var isEmpty: Bool { rest.isEmpty }
}

extension FixedWidthInteger {
    /// Only digits, in range: no sign, no blank.
    init?(decimal text: String) {
        guard !text.utf8.isEmpty else { return nil }
        var value: Self = 0
        for byte in text.utf8 {
            guard byte >= 48, byte <= 57 else { return nil }
            let (product, tooBig) = value.multipliedReportingOverflow(by: 10)
            let (sum, overflow) = product.addingReportingOverflow(Self(byte - 48))
            guard !tooBig, !overflow else { return nil }
            value = sum
        }
        self = value
    }
}

extension StaticString {
    /// The bytes, in a form that needs neither pointers nor Unicode tables.
    var bytes: String.UTF8View { description.utf8 }
}

extension String {
    /// Equality of bytes: equality of characters would bring Unicode tables into the monitor.
    func says(_ word: StaticString) -> Bool { utf8.elementsEqual(word.bytes) }
}

/// The words of the bits that are set, comma-separated; "-" when none is.
func bitWords(of bits: UInt64, _ words: [(word: StaticString, bit: UInt64)]) -> String {
    var text = ""
    for entry in words where bits & entry.bit != 0 { text += (text.utf8.isEmpty ? "" : ",") + entry.word.description }
    return text.utf8.isEmpty ? "-" : text
}
