internal import Linux
internal import Systemd

/// Lines that wait to be written, and the streams that wait for them to be.
@Loop final class Output {
    var bytes: [UInt8] = []
    private var written = 0
    private var waiting: [CheckedContinuation<Void, Never>] = []

    var isEmpty: Bool { bytes.isEmpty }
    var isFull: Bool { bytes.count - written > Limit.backlog }

    /// Writes what the kernel takes; throws when the reader is gone.
    func flush(to socket: Descriptor) throws(Errno) {
        while written < bytes.count {
            do { written += try socket.send(bytes[written...], wait: false) } catch {
                guard error == .wouldBlock else { throw error }
                break
            }
        }
        if written == bytes.count {
            bytes.removeAll(keepingCapacity: bytes.capacity <= 1 << 16)
            written = 0
        } else if written > Limit.backlog {
            bytes.removeFirst(written)
            written = 0
        }
        if !isFull { wake() }
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
