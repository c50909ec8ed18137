internal import Linux
internal import Systemd
internal import Wire

/// Lines that wait to be written, and the streams that wait for them to be.
@Loop final class Output {
    var bytes: [UInt8] = []
    private var written = 0
    /// Descriptors, each with the line that it goes out with.
    private var passengers: [(line: Range<Int>, descriptors: [Descriptor])] = []
    private var waiting: [CheckedContinuation<Void, Never>] = []

    var isEmpty: Bool { bytes.isEmpty }
    var isFull: Bool { bytes.count - written > Limit.backlog }

    /// Adds a line. Its descriptors live at least until they were sent with it.
    func put(_ reply: Reply, _ descriptors: [Descriptor] = []) {
        let start = bytes.count
        reply.print(to: &bytes)
        if !descriptors.isEmpty { passengers.append((start..<bytes.count, descriptors)) }
    }

    /// Writes what the kernel takes; throws when the reader is gone.
    func flush(to socket: Descriptor) throws(Errno) {
        while written < bytes.count {
            do { written += try send(to: socket) } catch {
                guard error == .wouldBlock else { throw error }
                break
            }
        }
        if written == bytes.count {
            bytes.removeAll(keepingCapacity: bytes.capacity <= 1 << 16)
            written = 0
        } else if written > Limit.backlog {
            bytes.removeFirst(written)
            for index in passengers.indices {
                let line = passengers[index].line
                passengers[index].line = line.lowerBound - written..<line.upperBound - written
            }
            written = 0
        }
        if !isFull { wake() }
    }

    /// A line with descriptors is a message of its own: they reach the reader with the last byte of what it reads at
    /// once, which must be in their line.
    private func send(to socket: Descriptor) throws(Errno) -> Int {
        guard let next = passengers.first else { return try socket.send(bytes[written...], wait: false) }
        guard next.line.lowerBound == written else {
            return try socket.send(bytes[written..<next.line.lowerBound], wait: false)
        }
        let count = try socket.send(bytes[next.line], descriptors: next.descriptors.map(\.rawValue), wait: false)
        withExtendedLifetime(next.descriptors) {}
        // They went with the first byte.
        passengers.removeFirst()
        return count
    }

    /// Waits until there is room.
    func drained() async {
        // Getting there may take a turn of the loop, in which room may be made.
        await withCheckedContinuation { one in
            if isFull { waiting.append(one) } else { one.resume() }
        }
    }

    func close() {
        bytes = []
        passengers = []
        written = 0
        wake()
    }

    private func wake() {
        guard !waiting.isEmpty else { return }
        let all = waiting
        waiting = []
        for one in all { one.resume() }
    }
}
