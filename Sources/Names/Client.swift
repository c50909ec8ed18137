import DNSMessage
import Linux
import Netlink

/// A connection of somebody who asks by TCP: messages with two bytes of length before each.
struct Client {
    static let patience = Duration.seconds(10)
    /// Bytes of answers that are not read, after which the connection is closed.
    private static let mostUnread = 4 * Message.largest

    let socket: Descriptor
    /// Where it came to.
    let address: IPAddress
    let source: IPAddress
    var deadline = MonotonicTime.now.advanced(by: patience)
    /// Queries that are with a server of the host.
    var pending = 0
    private var input: [UInt8] = []
    private var output: [UInt8] = []
    private var isEnded = false

    init(_ socket: Descriptor, at address: IPAddress, source: IPAddress) {
        (self.socket, self.address, self.source) = (socket, address, source)
    }

    var interest: Poll.Interest {
        let reading: Poll.Interest = isEnded ? [] : .reading
        return output.isEmpty ? reading : reading.union(.writing)
    }
    var isDone: Bool { isEnded && pending == 0 && output.isEmpty }

    /// Takes the queries that are whole.
    mutating func receive() throws(Errno) -> [[UInt8]] {
        let bytes = try socket.read(upTo: Message.largest)
        isEnded = bytes.isEmpty
        deadline = .now.advanced(by: Self.patience)
        input += bytes
        var queries: [[UInt8]] = []
        while let query = Frame.take(from: &input) { queries.append(query) }
        return queries
    }

    mutating func answer(_ bytes: [UInt8]) throws(Errno) {
        output += Frame.frame(bytes)
        guard output.count <= Self.mostUnread else { throw Errno.noBuffers }
        try flush()
    }

    /// Sends what there is room for.
    mutating func flush() throws(Errno) {
        guard !output.isEmpty else { return }
        do { output.removeFirst(try socket.send(output, wait: false)) } catch let error where error == .wouldBlock {}
        deadline = .now.advanced(by: Self.patience)
    }
}

/// A message as it goes over TCP.
enum Frame {
    static func frame(_ bytes: [UInt8]) -> [UInt8] {
        [UInt8(truncatingIfNeeded: bytes.count >> 8), UInt8(truncatingIfNeeded: bytes.count)] + bytes
    }

    /// Nil while the next message is not whole.
    static func take(from input: inout [UInt8]) -> [UInt8]? {
        guard input.count >= 2 else { return nil }
        let end = 2 + (Int(input[0]) << 8 | Int(input[1]))
        guard input.count >= end else { return nil }
        defer { input.removeFirst(end) }
        return Array(input[2..<end])
    }
}
