extension LaunchPlan {
    /// The bytes for the monitor: for each record the number of its fields, then the fields, each ended by NUL.
    ///
    /// Throws ``PlanError/nulByte(record:)`` when a text holds a NUL: it would become two fields.
    public func encoded() throws(PlanError) -> [UInt8] {
        var bytes: [UInt8] = []
        for (number, record) in fields.enumerated() {
            for field in ["\(record.count)"] + record {
                guard !field.utf8.contains(0) else { throw PlanError.nulByte(record: number) }
                bytes += field.utf8
                bytes.append(0)
            }
        }
        return bytes
    }

    /// Reads ``encoded()``. No bytes trap.
    public init(encoded bytes: [UInt8]) throws(PlanError) {
        var rest = bytes[...]
        var records: [[String]] = []
        while !rest.isEmpty { records.append(try Self.record(&rest, records.count)) }
        try self.init(fields: records)
    }

    private static func record(_ rest: inout ArraySlice<UInt8>, _ number: Int) throws(PlanError) -> [String] {
        guard let count = Int(decimal: try field(&rest, number)) else { throw PlanError.record(number) }
        var record: [String] = []
        while record.count < count { record.append(try field(&rest, number)) }
        return record
    }

    private static func field(_ rest: inout ArraySlice<UInt8>, _ number: Int) throws(PlanError) -> String {
        guard let end = rest.firstIndex(of: 0) else { throw PlanError.truncated }
        defer { rest = rest[(end + 1)...] }
        guard let text = String(validating: rest[..<end], as: UTF8.self) else {
            throw PlanError.notText(record: number)
        }
        return text
    }
}
