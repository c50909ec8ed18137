internal import CDavitDriver
internal import JSON
internal import Linux
internal import Model
internal import Wire

/// Answers: a result as it is, an error as an error object. What the reply points to is freed by `releaseReply`.
@unsafe func fill(
    _ reply: UnsafeMutablePointer<davit_reply>, _ outcome: Result<PackedMessage, any Error>
) -> Int32 {
    do {
        let message = try outcome.get()
        try unsafe write(message.object, message.descriptors.map { try $0.duplicate().take() }, to: reply)
        return DAVIT_OK
    } catch {
        let object = (try? JSONValue(encoding: agentError(error))) ?? .null
        unsafe write(object, [], to: reply)
        return DAVIT_ERROR
    }
}

/// One block of memory: the descriptors, then the text and its NUL.
@unsafe private func write(_ object: JSONValue, _ numbers: [Int32], to reply: UnsafeMutablePointer<davit_reply>) {
    var text: [UInt8] = []
    object.print(to: &text)
    let offset = numbers.count * MemoryLayout<Int32>.stride
    let block = UnsafeMutableRawPointer.allocate(byteCount: offset + text.count + 1, alignment: 8)
    let fds = unsafe block.bindMemory(to: Int32.self, capacity: numbers.count)
    for (index, number) in numbers.enumerated() { unsafe fds[index] = number }
    let json = unsafe (block + offset).bindMemory(to: CChar.self, capacity: text.count + 1)
    for (index, byte) in text.enumerated() { unsafe json[index] = CChar(bitPattern: byte) }
    unsafe json[text.count] = 0
    unsafe reply.pointee.json = UnsafePointer(json)
    unsafe reply.pointee.json_length = text.count
    unsafe reply.pointee.fds = UnsafePointer(fds)
    unsafe reply.pointee.fd_count = numbers.count
    unsafe reply.pointee.owner = block
}

/// Any error as one of the closed list.
private func agentError(_ error: any Error) -> AgentError {
    switch error {
    case let error as AgentError: error
    case let error as JSONError: AgentError(.requestInvalid, "the driver does not understand the request: \(error)")
    case is CancellationError: AgentError(.requestCancelled, "the driver stopped because nobody waits any more")
    default: AgentError(.driverFailed, "the driver failed: \(error)")
    }
}

/// Descriptors that a driver may keep, of the host's that it may not.
@unsafe func copies(of numbers: UnsafeBufferPointer<Int32>) throws -> [Descriptor] {
    var copies: [Descriptor] = []
    for number in unsafe Array(numbers) { copies.append(try Descriptor(duplicating: number)) }
    return copies
}

/// A text that ends with a NUL, for ever.
func copyOfText(_ text: String) -> UnsafePointer<CChar> {
    let bytes = text.utf8CString
    let copy = UnsafeMutablePointer<CChar>.allocate(capacity: bytes.count)
    for (index, byte) in bytes.enumerated() { unsafe copy[index] = byte }
    return unsafe UnsafePointer(copy)
}

extension JSONValue {
    @unsafe init(text: UnsafePointer<CChar>, _ length: Int) throws {
        let bytes = unsafe UnsafeRawBufferPointer(start: text, count: length)
        self = try unsafe JSONValue(parsing: [UInt8](bytes), limits: JSONLimits(bytes: 16 << 20))
    }
}
