internal import JSON
internal import Linux
internal import Model
internal import Systemd
internal import Wire

/// One client: lines in, requests under way, lines out. Exactly one final line goes out for every request.
@Loop final class Connection {
    let peer: PeerCredentials
    private let socket: Descriptor
    private let router: Router
    private let onEnd: @Loop (Connection) -> Void
    private var source: EventSource?
    private var framer = LineFramer(limit: Limit.line)
    private var arrived: [(at: Int64, descriptor: Descriptor)] = []
    private var open: [Int: OpenRequest] = [:]
    private var nextKey = 0
    private let output = Output()
    /// Where all connections receive, in turn: new memory for each time costs a tenth of a ping.
    private static var received = [UInt8](repeating: 0, count: 64 << 10)
    /// The client will ask nothing more.
    private var isDone = false
    private var isClosed = false
    /// Set when nothing that only waits may go on.
    private(set) var parting: Parting?
    private var isHandling = false
    /// Whose the socket will be.
    private var taker: (@Loop (Descriptor?) -> Void)?

    init(
        _ socket: Descriptor, peer: PeerCredentials, router: Router, onEnd: @escaping @Loop (Connection) -> Void
    ) throws {
        self.socket = socket
        self.peer = peer
        self.router = router
        self.onEnd = onEnd
        try socket.setNonblocking(true)
        source = try EventSource.io(socket.rawValue, .readable) { [weak self] ready in self?.turn(ready) }
    }

    // MARK: Turning

    private func turn(_ ready: EventSource.Readiness) {
        // A hang-up can't be masked: while nothing more may be read it would wake the loop for ever.
        if ready.contains(.failed) || (ready.contains(.hangUp) && (isDone || !mayTake)) { return close() }
        if ready.contains(.writable) { flush() }
        if ready.contains(.readable) || ready.contains(.hangUp) { read() }
        settle()
    }

    /// Reads what is there, within the bounds, and answers the quick requests in it with one write.
    private func read() {
        guard !isDone, mayTake else { return }
        do {
            let (count, descriptors) = try socket.receive(into: &Self.received, maxDescriptors: Limit.descriptors)
            guard count > 0 else {
                isDone = true
                // The end of the stream ends the last line too.
                if framer.hasPartialLine { framer.append([UInt8(ascii: "\n")]) }
                return
            }
            framer.append(Self.received[..<count])
            // Descriptors end the kernel's message, so they belong to the line that its last byte is in.
            arrived += descriptors.prefix(Limit.descriptors - min(arrived.count, Limit.descriptors))
                .map { (framer.end, $0) }
        } catch Errno.wouldBlock {} catch { close() }
    }

    /// Takes lines while it may, writes, and decides what to wait for.
    private func settle() {
        guard !isHandling else { return }
        isHandling = true
        defer { isHandling = false }
        while takeLines() {}
        guard !isClosed else { return }
        if taker != nil, output.isEmpty { return giveSocket() }
        if isDone, open.isEmpty, output.isEmpty { return close() }
        var wanted: EventSource.Readiness = []
        if !isDone, mayTake { wanted.insert(.readable) }
        if !output.isEmpty { wanted.insert(.writable) }
        try? source?.setEvents(wanted)
    }

    /// Takes lines while there is room, and writes. Answers whether writing made room for lines that were left: they
    /// are here already, so no event would come for them.
    private func takeLines() -> Bool {
        while !isClosed, mayTake, let line = framer.next() { take(line) }
        let leftSome = !mayTake
        flush()
        return leftSome && !isClosed && mayTake
    }

    private var mayTake: Bool { open.count < Limit.open && !output.isFull && taker == nil }

    // MARK: Requests

    private func take(_ line: LineFramer.Line) {
        let descriptors = descriptorsOfLine()
        switch line {
        case .tooLong:
            refuse(
                nil,
                AgentError(.protocolLineTooLong, "a line has at most \(Limit.line) bytes; send less, or a descriptor"))
        case .line(let bytes):
            do { try handle(Request(JSONValue(parsing: bytes)), descriptors) } catch let error as Request.Refusal {
                refuse(error.id, error.error)
            } catch let error as JSONError {
                refuse(
                    nil,
                    AgentError(
                        .protocolMalformed, "the line is no JSON: \(error)",
                        details: ["offset": .int(Int64(error.offset ?? 0))]))
            } catch {
                refuse(nil, AgentError(answering: error))
            }
        }
    }

    private func descriptorsOfLine() -> [Descriptor] {
        guard !arrived.isEmpty else { return [] }
        let end = framer.position
        let mine = arrived.prefix { $0.at <= end }.map(\.descriptor)
        arrived.removeFirst(mine.count)
        return mine
    }

    private func handle(_ request: Request, _ descriptors: [Descriptor]) {
        do {
            if let missing = request.require.first(where: { !router.features.contains($0) }) {
                throw AgentError(
                    .protocolFeatureMissing, "this agent has no feature \"\(missing)\"; `hello` lists what it has")
            }
            guard request.id == nil || !open.values.contains(where: { $0.id == request.id }) else {
                throw AgentError(.requestInvalid, "the id is that of a request still under way: choose another")
            }
            try begin(request, router.route(request.method), descriptors)
        } catch {
            refuse(request.id, AgentError(answering: error))
        }
    }

    private func begin(_ request: Request, _ route: Router.Route, _ descriptors: [Descriptor]) throws {
        switch route.answer {
        case .quick(let handle):
            let sink = OpenRequest(request.id, changes: route.changes, on: self, key: -1)
            let context = RequestContext<Ping>(caller: peer, descriptors: descriptors, sink: sink)
            put(Reply(id: request.id, .result, try handle(request.params, context)))
        case .slow(let handle):
            nextKey += 1
            let asked = OpenRequest(request.id, changes: route.changes, on: self, key: nextKey)
            open[nextKey] = asked
            asked.begin(request, descriptors, handle)
        }
    }

    func refuse(_ id: JSONValue?, _ error: AgentError) { Self.print(error, id: id, to: &output.bytes) }

    static func print(_ error: AgentError, id: JSONValue?, to bytes: inout [UInt8]) {
        let value = (try? JSONValue(encoding: error)) ?? ["code": .string(error.code.rawValue)]
        Reply(id: id, .error, value).print(to: &bytes)
    }

    /// Whether the request was one that only reads, and is given up now.
    func cancel(_ id: JSONValue) -> Bool {
        guard let asked = open.values.first(where: { $0.id == id }), !asked.changes else { return false }
        asked.giveUp(.cancelled)
        return true
    }

    // MARK: Answers

    func put(_ reply: Reply, _ descriptors: [Descriptor] = []) { output.put(reply, descriptors) }

    /// A request's task has ended: whatever it had to say was put.
    func ended(_ key: Int) {
        open[key] = nil
        if isClosed { leave() } else { settle() }
    }

    /// Waits until a slow reader has made room.
    func room() async throws {
        settle()
        while output.isFull, !isClosed { await output.drained() }
        if isClosed { throw CancellationError() }
    }

    func flush() {
        guard !isClosed else { return }
        do { try output.flush(to: socket) } catch { close() }
    }

    /// Answers nothing new; reads and streams end now, changes when they are through.
    func stop() {
        isDone = true
        giveUpAll(.stopping)
        settle()
    }

    /// Lets go of the socket once what is to be said is said. Nothing else may be under way, or be there to read.
    func giveSocket(to taker: @escaping @Loop (Descriptor?) -> Void) throws(AgentError) {
        guard open.isEmpty, arrived.isEmpty, !framer.hasPartialLine else {
            throw AgentError(
                .requestInvalid,
                "stream.join takes a connection on which nothing else was asked, and nothing sent before its result")
        }
        self.taker = taker
    }

    private func giveSocket() {
        isClosed = true
        source = nil
        output.close()
        // A program may get it as its own stream, and none expects to be told to try again.
        try? socket.setNonblocking(false)
        taker?(socket)
        taker = nil
        leave()
    }

    /// The client is gone. Its reads and streams are given up, its changes go on to their end.
    private func close() {
        guard !isClosed else { return }
        isClosed = true
        source = nil
        arrived = []
        output.close()
        taker?(nil)
        taker = nil
        giveUpAll(.gone)
        leave()
    }

    /// What only reads or waits, now and from here on.
    private func giveUpAll(_ parting: Parting) {
        self.parting = parting
        for asked in open.values where !asked.changes { asked.giveUp(parting) }
    }

    /// Whoever stops the server waits for changes, also for those whose client is gone.
    private func leave() {
        if open.isEmpty { onEnd(self) }
    }
}
