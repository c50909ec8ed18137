import Glibc
import JSON
import Linux
import Model
import Systemd
import TestSupport
import Testing
import Wire

@testable import Server

/// Waits until it is given up; it is a read.
enum Sleep: Method {
    static let name = "test.sleep"
    static let summary = "Waits until it is given up."
    static let right = Right.read
    typealias Params = NoParams
    typealias Result = Done
}

/// A change that takes a moment and can't be cancelled.
enum Change: Method {
    static let name = "test.change"
    static let summary = "Changes something in 50 milliseconds."
    static let changes = true
    static let right = Right.operate
    typealias Params = NoParams
    typealias Result = Done
}

/// Sends items.
enum Count: Method {
    static let name = "test.count"
    static let summary = "Counts."
    static let streams = true
    static let right = Right.read
    struct Params: Codable, Sendable { var to: Int }
    typealias Result = Done
    struct Item: Codable, Sendable { var number: Int }
}

/// Tells how many descriptors came with the line.
enum Descriptors: Method {
    static let name = "test.descriptors"
    static let summary = "How many descriptors came with the line."
    static let lane = Lane.quick
    static let right = Right.read
    typealias Params = NoParams
    struct Result: Codable, Sendable { var count: Int }
}

/// A change that is made at once, and then waits until its caller leaves; a descriptor comes with its progress.
enum Stay: Method {
    static let name = "test.stay"
    static let summary = "Waits until its caller leaves."
    static let changes = true
    static let right = Right.operate
    typealias Params = NoParams
    typealias Result = Done
}

/// Writes to the connection that joins it.
enum Stream: Method {
    static let name = "test.stream"
    static let summary = "Answers after the connection that joined it brought a line."
    static let changes = true
    static let right = Right.operate
    typealias Params = NoParams
    struct Result: Codable, Sendable { var text: String }
}

/// What the handlers did, to be looked at by the tests.
@Loop final class Tally {
    var changesEnded = 0
    var counted = 0
    var streamsEnded = 0
    var partings: [Parting] = []
    nonisolated init() {}
}

/// A server with the methods above, on a socket of its own, on the loop's thread.
struct Door {
    let path: String
    let tally: Tally
    let server: Server

    static func open(group: String = "davit", mode: UInt32 = 0o600) async throws -> Door {
        try RunningLoop.start()
        return try await make("/tmp/davit-test-door-\(UInt64.random(in: .min ... .max)).sock", group, mode)
    }

    @Loop private static func make(_ path: String, _ group: String, _ mode: UInt32) throws -> Door {
        let tally = Tally()
        let router = Router(version: "test")
        router.on(Sleep.self) { _, _ in
            try await untilCancelled()
            return Done()
        }
        router.on(Change.self) { _, _ in
            try await pause(milliseconds: 50)
            tally.changesEnded += 1
            return Done()
        }
        router.on(Count.self) { params, context in
            defer { tally.streamsEnded += 1 }
            for number in 0..<params.to {
                try await context.emit(.init(number: number))
                tally.counted += 1
            }
            return Done()
        }
        router.on(Stay.self) { _, context in
            context.progress(["staying": true], [try Pipe().ends().writer])
            context.onlyWaits()
            do { try await untilCancelled() } catch {
                if let parting = context.parting { tally.partings.append(parting) }
                throw error
            }
            return Done()
        }
        let streams = StreamTokens()
        router.on(Stream.self) { _, context in
            let socket = try await streams.connection(for: context)
            try socket.write("hello\n")
            // The socket blocks, and so would the loop.
            while try !socket.waitReadable(milliseconds: 0) { try await pause(milliseconds: 5) }
            return .init(text: String(decoding: try socket.read(upTo: 100), as: UTF8.self))
        }
        router.onQuick(StreamJoin.self) { params, context in
            try streams.join(params.token, context)
            return Done()
        }
        router.onQuick(Descriptors.self) { _, context in .init(count: context.descriptors.count) }
        let listener = try UnixSocket.listen(path, mode: mode)
        let server = try Server(router: router, access: Access(group: group), listeners: [listener])
        return Door(path: path, tally: tally, server: server)
    }

    func client() throws -> Client { Client(try UnixSocket.connect(path)) }

    func close() async {
        await server.stop()
        unsafe unlink(path)
    }
}

/// A client that waits at most ten seconds for a line.
final class Client {
    let socket: Descriptor
    private var framer = LineFramer(limit: 16 << 20)
    private var arrived: [(at: Int64, descriptor: Descriptor)] = []

    /// How many descriptors came with the lines up to the last that was read.
    func descriptorsSoFar() -> Int { arrived.count { $0.at <= framer.position } }

    init(_ socket: Descriptor) { self.socket = socket }

    func send(_ text: String, descriptors: [Int32] = []) throws { try send(Array(text.utf8), descriptors: descriptors) }

    func send(_ bytes: [UInt8], descriptors: [Int32] = []) throws {
        var rest = bytes[...]
        rest = rest.dropFirst(try socket.send(rest, descriptors: descriptors))
        while !rest.isEmpty { rest = rest.dropFirst(try socket.send(rest)) }
    }

    func endRequests() throws { try socket.shutdown(1) }

    /// The next line as a document, or nil when the server closed.
    func reply() throws -> JSONValue? {
        try line().map { try JSONValue(parsing: $0, limits: JSONLimits(bytes: 16 << 20)) }
    }

    /// The next line, which may have come together with the one before.
    func line() throws -> [UInt8]? {
        while true {
            if case .line(let bytes) = framer.next() { return Array(bytes) }
            var waited = pollfd(fd: socket.rawValue, events: Int16(POLLIN), revents: 0)
            guard unsafe poll(&waited, 1, 10_000) > 0 else { throw Errno.wouldBlock }
            guard let (bytes, more) = try? socket.receive(upTo: 1 << 16, maxDescriptors: 8), !bytes.isEmpty
            else { return nil }
            framer.append(bytes)
            arrived += more.map { (framer.end, $0) }
        }
    }

    func replies() throws -> [JSONValue] {
        var all: [JSONValue] = []
        while let reply = try reply() { all.append(reply) }
        return all
    }
}

/// Waits on the loop itself: the pool's few threads may all be in tests that wait for this.
@Loop func pause(milliseconds: UInt64) async throws {
    var timer: EventSource?
    try await withCheckedThrowingContinuation { (done: CheckedContinuation<Void, any Error>) in
        do {
            timer = try EventSource.timer(afterMicroseconds: milliseconds * 1000) { done.resume() }
        } catch { done.resume(throwing: error) }
    }
    withExtendedLifetime(timer) {}
}

/// Waits until the task is given up, or a minute.
@Loop func untilCancelled() async throws {
    for _ in 0..<6_000 {
        try await pause(milliseconds: 10)
        try Task.checkCancellation()
    }
}

/// All tests of the server, one after the other: each waits with a thread.
@Suite(.serialized) struct DoorTests {}

/// Looks again until `condition` holds, for ten seconds.
func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
    for _ in 0..<1_000 {
        if try await condition() { return true }
        try await Task.sleep(for: .milliseconds(10))
    }
    return false
}

/// Runs `body` with an open door, which is closed afterwards.
func withDoor(
    group: String = "davit", mode: UInt32 = 0o600, _ body: (Door) async throws -> Void
) async throws {
    let door = try await Door.open(group: group, mode: mode)
    do { try await body(door) } catch {
        await door.close()
        throw error
    }
    await door.close()
}
