public import Linux
import Netlink

/// The name server of the networks of one host: one thread, one loop, fed by files.
public final class Resolver {
    private static let mostForwards = 512
    private static let mostClients = 64
    private static let second = Duration.seconds(1)

    private enum Source {
        case files
        case datagrams(Listener)
        case connections(Listener)
        case client(Int)
        case forward(Int)
    }

    private let directory: Directory
    private let port: UInt16
    private var store: Store
    private var servers: HostServers
    private var listeners: [IPAddress: Listener] = [:]
    private var networkAt: [IPAddress: Network] = [:]
    private var clients: [Int: Client] = [:]
    private var forwards: [Int: Forward] = [:]
    private var lastKey = 0
    private var status = Status()
    private var written: Status?
    private var (nextWrite, nextListen) = (MonotonicTime.now, MonotonicTime.now)

    /// Reads the directory and opens the sockets; those that can't be opened are tried again each second.
    public init(_ directory: Directory, resolvConf: String, port: UInt16) throws(Errno) {
        (self.directory, self.port) = (directory, port)
        servers = HostServers(path: resolvConf)
        store = try Store(directory)
        listen()
    }

    /// Serves for ever; throws only what makes that impossible.
    public func run() throws(Errno) {
        while true {
            let sources = self.sources()
            let ready = try Poll.ready(sources.map { ($0.0.rawValue, $0.1) }, milliseconds: patience())
            for (source, interest) in zip(sources, ready) where !interest.isEmpty {
                try handle(source.2, interest)
            }
            endOverdue()
            if !status.failed.isEmpty, nextListen <= .now { listen() }
            writeStatus()
        }
    }

    private func sources() -> [(Descriptor, Poll.Interest, Source)] {
        var all: [(Descriptor, Poll.Interest, Source)] = [(store.descriptor, .reading, .files)]
        for listener in listeners.values {
            all.append((listener.datagrams, .reading, .datagrams(listener)))
            all.append((listener.connections, .reading, .connections(listener)))
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
        if !status.failed.isEmpty { times.append(nextListen) }
        if written != status { times.append(nextWrite) }
        guard let next = times.min() else { return -1 }
        return Int32(min(MonotonicTime.now.distance(to: next) / .milliseconds(1), 60_000)) + 1
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

    // MARK: Queries

    /// At most as many as a turn should take.
    private func takeDatagrams(_ listener: Listener) {
        for _ in 0..<64 {
            guard let (query, sender) = try? listener.datagrams.datagram(upTo: Message.largest) else { return }
            answer(query, .datagram(listener.datagrams, sender), from: sender, at: listener.address)
        }
    }

    private func takeConnections(_ listener: Listener) {
        guard let socket = try? UnixSocket.accept(listener.connections), let peer = try? socket.peer(),
            let source = IPAddress(peer.address), networkAt[listener.address]?.serves(source) == true,
            clients.count < Self.mostClients
        else { return }
        clients[newKey()] = Client(socket, at: listener.address, source: source)
    }

    private func serve(_ key: Int, _ interest: Poll.Interest) {
        guard let client = clients[key] else { return }
        do {
            if interest.contains(.writing) { try clients[key]?.flush() }
            let peer = Peer(address: client.source.description, port: 0)
            if interest.contains(.reading) {
                for query in try clients[key]?.receive() ?? [] {
                    answer(query, .client(key), from: peer, at: client.address)
                }
            }
            if clients[key]?.isDone == true { clients[key] = nil }
        } catch {
            clients[key] = nil
        }
    }

    private func answer(_ query: [UInt8], _ asker: Asker, from peer: Peer, at address: IPAddress) {
        guard let source = IPAddress(peer.address), let network = networkAt[address], network.serves(source) else {
            return
        }
        status.queries += 1
        guard let question = Question(query) else { return }
        switch store.verdict(question, from: source, at: network) {
        case .reply(let reply): say(reply, to: query, question, asker)
        case .forward: forward(query, question, asker)
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

    // MARK: Servers of the host

    private func forward(_ query: [UInt8], _ question: Question, _ asker: Asker) {
        // A server at an address of our own would be asked what it asks.
        let others = servers.current().filter { networkAt[$0] == nil }
        var forward = Forward(query, for: asker, servers: others)
        guard forwards.count < Self.mostForwards, forward.askNext() else {
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
        for key in forwards.filter({ $0.value.deadline <= now }).keys { askNext(key) }
        clients = clients.filter { $0.value.pending > 0 || $0.value.deadline > now }
    }

    private func writeStatus() {
        guard written != status, nextWrite <= .now else { return }
        // A full or missing directory is no reason to end; the next second tries again.
        try? directory.replaceFile("status.json", Array("\(status.document)\n".utf8))
        written = status
        nextWrite = .now.advanced(by: Self.second)
    }

    private func newKey() -> Int {
        lastKey += 1
        return lastKey
    }
}
