internal import CSystemd
internal import Glibc

/// A D-Bus message being written or read.
@safe struct Message: ~Copyable {
    let message: OpaquePointer

    /// Takes over the caller's reference.
    init(_ message: OpaquePointer) { unsafe self.message = message }
    deinit { unsafe sd_bus_message_unref(message) }

    // MARK: Writing

    borrowing func append(_ string: String) throws(SystemdError) {
        try check(
            "sd_bus_message_append_basic",
            unsafe string.withCString { unsafe sd_bus_message_append_basic(message, type("s"), $0) })
    }

    /// A property: `(sv)`.
    borrowing func append(_ name: String, _ value: Bus.Value) throws(SystemdError) {
        try container("r", "sv") { () throws(SystemdError) in
            try append(name)
            try container("v", value.signature) { () throws(SystemdError) in try append(value) }
        }
    }

    private borrowing func append(_ value: Bus.Value) throws(SystemdError) {
        switch value {
        case .string(let string): try append(string)
        case .bool(let bool): try append("b", Int32(bool ? 1 : 0))
        case .uint64(let number): try append("t", number)
        case .uint32s(let numbers):
            try array("u") { () throws(SystemdError) in
                for number in numbers { try append("u", number) }
            }
        case .strings(let strings):
            try array("s") { () throws(SystemdError) in
                for string in strings { try append(string) }
            }
        }
    }

    private borrowing func append<Number: BitwiseCopyable>(_ code: Character, _ number: Number) throws(SystemdError) {
        let result = unsafe withUnsafePointer(to: number) {
            unsafe sd_bus_message_append_basic(message, type(code), $0)
        }
        try check("sd_bus_message_append_basic", result)
    }

    borrowing func array(_ element: String, _ body: () throws(SystemdError) -> Void) throws(SystemdError) {
        try container("a", element, body)
    }

    private borrowing func container(
        _ code: Character, _ contents: String, _ body: () throws(SystemdError) -> Void
    ) throws(SystemdError) {
        try check(
            "sd_bus_message_open_container", unsafe sd_bus_message_open_container(message, type(code), contents))
        try body()
        try check("sd_bus_message_close_container", unsafe sd_bus_message_close_container(message))
    }

    // MARK: Reading

    /// The next value, which must be a string or an object path.
    borrowing func string(_ code: Character) throws(SystemdError) -> String {
        var value: UnsafePointer<CChar>?
        try check("sd_bus_message_read_basic", unsafe sd_bus_message_read_basic(message, type(code), &value))
        guard let value = unsafe value else { throw SystemdError(call: "sd_bus_message_read_basic", errno: EBADMSG) }
        return unsafe String(cString: value)
    }

    /// Whether this is `JobRemoved(u id, o job, s unit, s result)` for `job`; a result other than `done` is an error.
    borrowing func endsJob(_ job: String) throws(SystemdError) -> Bool {
        let isSignal = unsafe sd_bus_message_is_signal(message, "org.freedesktop.systemd1.Manager", "JobRemoved")
        guard try check("sd_bus_message_is_signal", isSignal) > 0 else { return false }
        try check("sd_bus_message_skip", unsafe sd_bus_message_skip(message, "u"))
        guard try string("o") == job else { return false }
        let unit = try string("s")
        let result = try string("s")
        guard result == "done" else { throw SystemdError(call: "job of \(unit)", errno: EIO, message: result) }
        return true
    }

    private borrowing func type(_ code: Character) -> CChar { CChar(bitPattern: code.asciiValue ?? 0) }
}

extension Bus.Value {
    /// The D-Bus signature.
    var signature: String {
        switch self {
        case .string: "s"
        case .bool: "b"
        case .uint64: "t"
        case .uint32s: "au"
        case .strings: "as"
        }
    }
}
