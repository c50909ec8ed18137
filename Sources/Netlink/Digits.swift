/// Strict numbers in addresses.
enum Digits {
    /// A number of only digits, without a sign; nil when it is empty or more than `most`.
    static func number(_ text: some Collection<UInt8>, base: Int, atMost most: Int) -> Int? {
        guard !text.isEmpty else { return nil }
        var value = 0
        for byte in text {
            guard let digit = digit(byte), digit < base else { return nil }
            value = value * base + digit
            guard value <= most else { return nil }
        }
        return value
    }

    /// The same in decimal, where `08` is refused: some programs read it as octal.
    static func decimal(_ text: some Collection<UInt8>, atMost most: Int) -> Int? {
        guard text.count == 1 || text.first != UInt8(ascii: "0") else { return nil }
        return number(text, base: 10, atMost: most)
    }

    private static func digit(_ byte: UInt8) -> Int? {
        switch byte {
        case UInt8(ascii: "0")...UInt8(ascii: "9"): Int(byte - UInt8(ascii: "0"))
        case UInt8(ascii: "a")...UInt8(ascii: "f"): Int(byte - UInt8(ascii: "a")) + 10
        case UInt8(ascii: "A")...UInt8(ascii: "F"): Int(byte - UInt8(ascii: "A")) + 10
        default: nil
        }
    }
}
