import ArgumentParser

/// An amount of memory as people write it: `512m`, `1.5g`, `64MiB`; units are powers of 1024, none is bytes.
struct MemorySize: Equatable {
    let bytes: Int64

    init(_ text: String) throws {
        let number = text.prefix { $0.isASCII && ($0.isNumber || $0 == ".") }
        let unit = text.dropFirst(number.count).lowercased()
        guard let shift = MemorySize.shifts[unit], let bytes = MemorySize.scale(number, by: shift) else {
            throw ValidationError("\"\(text)\" is not an amount of memory: write bytes, or 512k, 64m, 1.5g, 1t")
        }
        self.bytes = bytes
    }

    private static let shifts: [String: Int64] = [
        "": 0, "b": 0, "k": 10, "kb": 10, "kib": 10, "m": 20, "mb": 20, "mib": 20, "g": 30, "gb": 30, "gib": 30,
        "t": 40, "tb": 40, "tib": 40,
    ]

    private static func scale(_ number: Substring, by shift: Int64) -> Int64? {
        if let whole = Int64(number) {
            let (bytes, overflow) = whole.multipliedReportingOverflow(by: 1 << shift)
            return overflow ? nil : bytes
        }
        guard number.first != ".", number.last != ".", let value = Double(number) else { return nil }
        return Int64(exactly: (value * Double(Int64(1) << shift)).rounded(.down))
    }
}

extension Int64 {
    /// Bytes for people: `64.5 MB`, in powers of 1000 as disks are sold, three digits at most.
    var asSize: String {
        var value = Double(self)
        for unit in ["B", "kB", "MB", "GB"] {
            if value < 999.5 { return unit == "B" ? "\(self) B" : "\(value.shortened) \(unit)" }
            value /= 1000
        }
        return "\(value.shortened) TB"
    }

    /// Bytes for people in powers of 1024: `64 MiB`.
    var asMemory: String {
        var value = Double(self)
        for unit in ["B", "KiB", "MiB", "GiB"] {
            if value < 1023.5 { return "\(value.shortened) \(unit)" }
            value /= 1024
        }
        return "\(value.shortened) TiB"
    }
}

extension Double {
    /// One digit after the point where it tells something: `1.5`, `12`, `640`.
    fileprivate var shortened: String {
        let tenths = Int((self * 10).rounded())
        return tenths >= 1000 || tenths % 10 == 0 ? "\(Int(rounded()))" : "\(tenths / 10).\(tenths % 10)"
    }
}
