import DNSMessage
public import Linux
import Netlink

/// The name server of the networks of one host: one thread, one loop, fed by files.
public final class Resolver {
    /// At once in all, and of one source: no container takes from the others what all share.
    private static let (mostForwards, mostForwardsEach) = (512, 64)
    private static let (mostClients, mostClientsEach) = (128, 8)
    /// A query has a name, and a few options at most.
    private static let largestDatagram = 4096
    private static let second = Duration.seconds(1)
    /// How long connections wait when there was no descriptor for one.
    private static let rest = Duration.milliseconds(100)

    private enum Source {
        case files
        case datagrams(Listener)
        case connections(Listener)
        case client(Int)
        case forward(Int)
    }

    private let port: UInt16
    private var store: Store
    private var servers: HostServers
    private var listeners: [IPAddress: Listener] = [:]
    private var networkAt: [IPAddress: Network] = [:]
    private var clients: [Int: Client] = [:]
    private var forwards: [Int: Forward] = [:]
    private var lastKey = 0
    private var status = Status()
    private var statusFile: StatusFile
    private var nextListen = MonotonicTime.now
    /// Until when connections wait, after there was no descriptor for one.
    private var nextAccept: MonotonicTime?

    /// Opens what it needs of the directory. `complain` is told of each damage once.
    public init(
        _ directory: Directory, resolvConf: String, port: UInt16, complain: @escaping (String) -> Void
    ) throws(Errno) {
        self.port = port
        servers = try HostServers(path: resolvConf)
        statusFile = try StatusFile(directory)
        store = try Store(directory, complain: complain)
    }

    /// Reads the directory, and serves for ever; throws only what makes that impossible. Addresses that can't be had are
    /// tried again each second.
    public func run() throws(Errno) {
        try store.readAll()
        listen()
        statusFile.update(status)
        while true {
            let sources = self.sources()
            let ready = try Poll.ready(sources.map { ($0.0.rawValue, $0.1) }, milliseconds: patience())
            for (source, interest) in zip(sources, ready) where !interest.isEmpty {
                try handle(source.2, interest)
            }
            endOverdue()
            if nextListen <= .now { tryAgain() }
            statusFile.update(status)
        }
    }

    private func sources() -> [(Descriptor, Poll.Interest, Source)] {
        var all: [(Descriptor, Poll.Interest, Source)] = [(store.descriptor, .reading, .files)]
        // Only here, so that the wait ends with what was left out here.
        if let next = nextAccept, next <= .now { nextAccept = nil }
        for listener in listeners.values {
            all.append((listener.datagrams, .reading, .datagrams(listener)))
            if nextAccept == nil { all.append((listener.connections, .reading, .connections(listener))) }
        }
        // Of one that is at its end poll would tell that again and again.
        for (key, client) in clients where !client.interest.isEmpty {
            all.append((client.socket, client.interest, .client(key)))
        }
        for (key, forward) in forwards {
            if let socket = forward.socket { all.append((socket, forward.interest, .forward(key))) }
        }
        return all
    }

    /// Until the next thing is due, in milliseconds; -1 for never.
    private func patience() -> Int32 {
        var times = forwards.values.map(\.deadline) + clients.values.filter { $0.pending == 0 }.map(\.deadline)
        if store.isBehind || !status.failed.isEmpty { times.append(nextListen) }
        if let nextAccept { times.append(nextAccept) }
        if let due = statusFile.due(status) { times.append(due) }
        guard let next = times.min() else { return -1 }
        // A time that is over must not become a wait for ever.
        return Int32(min(max(0, MonotonicTime.now.distance(to: next) / .milliseconds(1)), 60_000)) + 1
    }

    private func handle(_ source: Source, _ interest: Poll.Interest) throws(Errno) {
        switch source {
        case .files: if try store.update() { listen() }
        case .datagrams(let listener): takeDatagrams(listener)
        case .connections(let listener): takeConnections(listener)
        case .client(let key): serve(key, interest)
        case .forward(let key): proceed(key)
        }
    }

    // MARK: Addresses

    /// Opens what the networks name and is not open, and closes what they name no more.
    private func listen() {
        networkAt = [:]
        for network in store.networks {
            for address in network.listen where networkAt[address] == nil { networkAt[address] = network }
        }
        listeners = listeners.filter { networkAt[$0.key] != nil }
        clients = clients.filter { networkAt[$0.value.address] != nil }
        status.failed = [:]
        for address in networkAt.keys where listeners[address] == nil {
            do { listeners[address] = try Listener(address, port: port) } catch { status.failed[address] = error }
        }
        status.listening = Array(listeners.keys).sorted { "\($0)" < "\($1)" }
        nextListen = .now.advanced(by: Self.second)
    }

    /// What there were no descriptors for, and addresses that could not be had.
    private func tryAgain() {
        if store.isBehind { try? store.readAll() } else if status.failed.isEmpty { return }
        listen()
    }

    // MARK: Queries

    /// At most as many as a turn should take.
    private func takeDatagrams(_ listener: Listener) {
        for _ in 0..<64 {
            guard let (query, sender) = try? listener.datagrams.datagram(upTo: Self.largestDatagram) else { return }
            guard let source = IPAddress(sender.address) else { continue }
            answer(query, .datagram(listener.datagrams, sender), from: source, at: listener.address)
        }
    }

    private func takeConnections(_ listener: Listener) {
        let accepted: Descriptor?
        do { accepted = try UnixSocket.accept(listener.connections) } catch {
            // It still waits: without a rest the loop would turn on the spot.
            nextAccept = .now.advanced(by: Self.rest)
            return
        }
        guard let socket = accepted, let peer = try? socket.peer(), let source = IPAddress(peer.address),
            networkAt[listener.address]?.serves(source) == true,
            clients.count < Self.mostClients,
            clients.values.count(where: { $0.source == source }) < Self.mostClientsEach
        else { return }
        clients[newKey()] = Client(socket, at: listener.address, source: source)
    }

    private func serve(_ key: Int, _ interest: Poll.Interest) {
        guard let client = clients[key] else { return }
        do {
            if interest.contains(.writing) { try clients[key]?.flush() }
            if interest.contains(.reading) {
                for query in try clients[key]?.receive() ?? [] {
                    answer(query, .client(key), from: client.source, at: client.address)
                }
            }
            if clients[key]?.isDone == true { clients[key] = nil }
        } catch {
            clients[key] = nil
        }
    }

    private func answer(_ query: [UInt8], _ asker: Asker, from source: IPAddress, at address: IPAddress) {
        guard let network = networkAt[address], network.serves(source) else { return }
        status.queries += 1
        guard let question = Question(query) else { return }
        switch store.verdict(question, from: source, at: network) {
        case .reply(let reply): say(reply, to: query, question, asker)
        case .forward(let own): forward(query, question, asker, from: source, own)
        }
    }

    private func say(_ reply: Reply, to query: [UInt8], _ question: Question, _ asker: Asker) {
        let limit = asker.isClient ? Message.largest : question.datagramLimit
        guard let bytes = Message.reply(to: query, reply, limit: limit) else { return }
        if reply.code == .serverFailed { status.servfail += 1 } else { status.answered += 1 }
        send(bytes, asker)
    }

    private func send(_ bytes: [UInt8], _ asker: Asker) {
        switch asker {
        // Without room for it the answer is lost, as any datagram may be.
        case .datagram(let socket, let peer): try? socket.send(bytes, to: peer)
        case .client(let key):
            do { try clients[key]?.answer(bytes) } catch { clients[key] = nil }
        }
    }

    // MARK: Other servers

    /// Asks the source's own servers, or the host's where it has none.
    private func forward(
        _ query: [UInt8], _ question: Question, _ asker: Asker, from source: IPAddress, _ own: [IPAddress]
    ) {
        let all = own.isEmpty ? servers.current() : servers.lastThoseSilent(of: own)
        // A server at an address of our own would be asked what it asks.
        let others = all.filter { networkAt[$0] == nil }
        var forward = Forward(query, for: asker, from: source, servers: others)
        guard forwards.count < Self.mostForwards,
            forwards.values.count(where: { $0.source == source }) < Self.mostForwardsEach, forward.askNext()
        else {
            return say(Reply(code: .serverFailed), to: query, question, asker)
        }
        status.forwarded += 1
        if case .client(let key) = asker { clients[key]?.pending += 1 }
        forwards[newKey()] = forward
    }

    private func proceed(_ key: Int) {
        guard forwards[key] != nil else { return }
        do {
            guard let reply = try forwards[key]?.proceed() else { return }
            finish(key) { self.send(reply, $0.asker) }
        } catch let error where error == .wouldBlock {
        } catch {
            askNext(key)
        }
    }

    private func askNext(_ key: Int) {
        if forwards[key]?.askNext() == true { return }
        finish(key) { forward in
            if let refusal = forward.refusal { return self.send(refusal, forward.asker) }
            guard let question = Question(forward.query) else { return }
            self.say(Reply(code: .serverFailed), to: forward.query, question, forward.asker)
        }
    }

    private func finish(_ key: Int, _ say: (Forward) -> Void) {
        guard let forward = forwards.removeValue(forKey: key) else { return }
        if case .client(let key) = forward.asker { clients[key]?.pending -= 1 }
        say(forward)
        if case .client(let key) = forward.asker, clients[key]?.isDone == true { clients[key] = nil }
    }

    // MARK: Time

    private func endOverdue() {
        let now = MonotonicTime.now
        for (key, forward) in forwards where forward.deadline <= now {
            if let server = forward.server { servers.noteSilence(of: server) }
            askNext(key)
        }
        clients = clients.filter { $0.value.pending > 0 || $0.value.deadline > now }
    }

    private func newKey() -> Int {
        lastKey += 1
        return lastKey
    }
}
