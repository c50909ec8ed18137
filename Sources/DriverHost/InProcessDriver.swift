internal import CDavitDriver
internal import Glibc
internal import JSON
internal import Linux
internal import Model
internal import Wire

/// A driver whose code runs in this process.
@safe struct InProcessDriver: DriverDoor {
    private let library: DriverLibrary
    // Proof: `self` of the C table; the driver's own, callable from the threads that davit/driver.h allows, and never
    // closed as drivers live as long as the process.
    private nonisolated(unsafe) let instance: UnsafeMutableRawPointer?

    /// Opens an instance with its configuration. Blocks briefly.
    init(_ library: DriverLibrary, configuration: JSONValue, host: HostTable) throws {
        self.library = library
        var reply = ReplyBuffer()
        var made: UnsafeMutableRawPointer?
        let text = configuration.description
        let result = unsafe text.withCString { bytes in
            unsafe library.table.pointee.open(
                library.table, host.table, bytes, text.utf8.count, &made, &reply.reply)
        }
        _ = try reply.take(result, from: library)
        unsafe instance = made
    }

    func call(_ request: DriverRequest) throws -> PackedMessage {
        var reply = ReplyBuffer()
        let params = request.message.object.description
        let numbers = request.message.descriptors.map(\.rawValue)
        let result = unsafe request.method.withCString { method in
            unsafe params.withCString { text in
                unsafe numbers.withUnsafeBufferPointer { fds in
                    var call = unsafe davit_call(
                        size: MemoryLayout<davit_call>.size, operation: request.operation,
                        deadline: request.deadline.nanoseconds, method: method, params: text,
                        params_length: params.utf8.count, fds: fds.baseAddress, fd_count: fds.count)
                    return unsafe library.table.pointee.call(instance, &call, &reply.reply)
                }
            }
        }
        return try withExtendedLifetime(request.message) { try reply.take(result, from: library) }
    }

    func cancel(_ operation: UInt64) {
        unsafe library.table.pointee.cancel(instance, operation)
    }

    /// For a process that tries a driver out and ends.
    func close() { unsafe library.table.pointee.close(instance) }
}

/// A reply on its way out of C, believed in nothing.
@safe private struct ReplyBuffer {
    static let lengthLimit = 16 << 20
    static let descriptorLimit = 32

    var reply = unsafe davit_reply(
        size: MemoryLayout<davit_reply>.size, json: nil, json_length: 0, fds: nil, fd_count: 0, owner: nil)

    /// Copies the reply out, takes its descriptors over, and releases it.
    mutating func take(_ result: Int32, from library: DriverLibrary) throws -> PackedMessage {
        defer { unsafe library.table.pointee.release(&reply) }
        let descriptors = try takeDescriptors()
        let object = try parse()
        switch result {
        case DAVIT_OK:
            return PackedMessage(object: object, descriptors: descriptors)
        case DAVIT_ERROR:
            throw try Self.badReply("its error object is not one") {
                try object.decode(DriverErrorObject.self, unknownKeys: .ignore).error
            }
        default:
            throw AgentError(.driverBadReply, "it returned \(result), neither DAVIT_OK nor DAVIT_ERROR")
        }
    }

    private func parse() throws -> JSONValue {
        guard let json = unsafe reply.json else { throw AgentError(.driverBadReply, "its reply holds no JSON") }
        let length = unsafe reply.json_length
        guard length <= Self.lengthLimit else {
            throw AgentError(.driverBadReply, "its reply has \(length) bytes; \(Self.lengthLimit) at most")
        }
        let bytes = unsafe UnsafeRawBufferPointer(start: json, count: length)
        let object = try Self.badReply("its reply is not JSON") {
            try unsafe JSONValue(parsing: [UInt8](bytes), limits: JSONLimits(bytes: 16 << 20))
        }
        guard case .object = object else { throw AgentError(.driverBadReply, "its reply is not a JSON object") }
        return object
    }

    private func takeDescriptors() throws -> [Descriptor] {
        let count = unsafe reply.fd_count
        guard count > 0 else { return [] }
        guard count <= Self.descriptorLimit, let fds = unsafe reply.fds else {
            throw AgentError(.driverBadReply, "its reply brings \(count) descriptors; \(Self.descriptorLimit) at most")
        }
        let numbers = unsafe Array(UnsafeBufferPointer(start: fds, count: count))
        for number in numbers where number <= 2 || fcntl(number, F_GETFD) < 0 {
            throw AgentError(.driverBadReply, "its reply brings descriptor \(number), which is not open")
        }
        guard Set(numbers).count == count else {
            throw AgentError(.driverBadReply, "its reply brings the same descriptor twice: \(numbers)")
        }
        for number in numbers { _ = fcntl(number, F_SETFD, FD_CLOEXEC) }
        return numbers.map { Descriptor(owning: $0) }
    }

    private static func badReply<Value>(_ what: String, _ body: () throws -> Value) throws -> Value {
        do { return try body() } catch { throw AgentError(.driverBadReply, what).caused(by: error) }
    }
}
