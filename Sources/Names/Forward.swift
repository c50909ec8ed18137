import DNSMessage
import Linux
import Netlink

/// Who is to be answered.
enum Asker {
    case datagram(Descriptor, Peer)
    case client(Int)

    var isClient: Bool {
        if case .client = self { true } else { false }
    }
}

/// A query that is with a server of the host or of the one who asks: a socket, a port and an id of its own for each
/// attempt.
struct Forward {
    static let patience = Duration.seconds(2)

    let asker: Asker
    let source: IPAddress
    let query: [UInt8]
    /// What the last server that would not or could not help has answered.
    private(set) var refusal: [UInt8]?
    /// Who is asked now.
    private(set) var server: IPAddress?
    private var servers: [IPAddress]
    private var sent: [UInt8] = []
    private var output: [UInt8] = []
    private var input: [UInt8] = []
    private(set) var socket: Descriptor?
    private(set) var deadline = MonotonicTime.now

    /// Each server is asked twice, one after the other.
    init(_ query: [UInt8], for asker: Asker, from source: IPAddress, servers: [IPAddress]) {
        (self.query, self.asker, self.source) = (query, asker, source)
        self.servers = servers + servers
    }

    var interest: Poll.Interest { output.isEmpty ? .reading : .writing }

    /// Asks the next server. False: there is none.
    mutating func askNext() -> Bool {
        while !servers.isEmpty {
            let server = servers.removeFirst()
            do {
                try ask(server)
                self.server = server
                return true
            } catch {}
        }
        (server, socket) = (nil, nil)
        return false
    }

    private mutating func ask(_ server: IPAddress) throws(Errno) {
        let id = UInt16.random(in: 0 ... .max)
        sent = [UInt8(id >> 8), UInt8(truncatingIfNeeded: id)] + query.dropFirst(2)
        (input, output) = ([], [])
        deadline = .now.advanced(by: Self.patience)
        let peer = Peer(address: server.description, port: 53)
        let any = IPAddress.any(server.family).description
        let socket =
            asker.isClient
            ? try InternetSocket.stream(for: peer.address)
            : try InternetSocket.serve(.datagram, address: any, port: 0)
        try socket.beginConnecting(to: peer)
        if asker.isClient { output = Frame.frame(sent) } else { try socket.send(sent, wait: false) }
        self.socket = socket
    }

    /// Goes on with a socket that is ready. The answer, with the id of the query; nil when it is not here yet.
    mutating func proceed() throws(Errno) -> [UInt8]? {
        guard let socket else { return nil }
        if !output.isEmpty {
            output.removeFirst(try socket.send(output, wait: false))
            return nil
        }
        guard let reply = try asker.isClient ? framed(socket) : socket.read(upTo: Message.largest),
            Message.isReply(reply, to: sent)
        else { return nil }
        let answer = Array(query.prefix(2)) + reply.dropFirst(2)
        guard Message.isRefusal(answer) else { return answer }
        // The host's own C library asks the next one then, and so must we: whoever asks us has no other.
        refusal = answer
        servers.removeAll { $0 == server }
        return askNext() ? nil : answer
    }

    private mutating func framed(_ socket: Descriptor) throws(Errno) -> [UInt8]? {
        let bytes = try socket.read(upTo: Message.largest)
        guard !bytes.isEmpty else { throw Errno.connectionReset }
        input += bytes
        return Frame.take(from: &input)
    }
}
