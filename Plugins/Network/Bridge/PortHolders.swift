import ContainerNetwork
import Linux
import Model
import Netlink

/// The processes of the host that have a port, for a person to be told of: by the kernel's lists of sockets, and what is
/// open in each process. Slow with many processes; asked only when a port is refused.
struct PortHolders {
    let host: HostNetwork

    /// Such as `nginx (pid 123)`, a few at the most; `a process of the host` where none is found, which may be hidden from
    /// us, or of another container.
    func text(of port: UInt16, _ transport: PortMapping.Transport) -> String {
        let links = Set(((try? sockets(of: port, transport)) ?? []).map { "socket:[\($0.inode)]" })
        let names = links.isEmpty ? [] : processes { links.contains($0) }
        return names.isEmpty ? "a process of the host" : names.prefix(3).joined(separator: ", ")
    }

    /// Whether there are any, and all are at these addresses.
    func areOnly(at addresses: Set<IPAddress>, _ port: UInt16, _ transport: PortMapping.Transport) throws -> Bool {
        let sockets = try sockets(of: port, transport)
        return !sockets.isEmpty && sockets.allSatisfy { addresses.contains($0.address) }
    }

    private func sockets(of port: UInt16, _ transport: PortMapping.Transport) throws(Errno) -> [BoundSocket] {
        let files = ["", "6"].map { "\(transport.rawValue)\($0)" }
        let texts = try host.run { () throws(Errno) in
            let directory = try Directory(path: "/proc/thread-self/net")
            var texts: [String] = []
            for file in files {
                let bytes = try directory.readIfPresent(file, limit: 8 << 20) ?? []
                texts.append(String(decoding: bytes, as: UTF8.self))
            }
            return texts
        }
        return texts.flatMap { $0.split(separator: "\n").dropFirst() }.compactMap(BoundSocket.init).filter {
            $0.port == port && (transport == .udp || $0.isListening)
        }
    }

    /// In the order of their numbers. A process that ends meanwhile is none.
    private func processes(_ isMeant: (String) -> Bool) -> [String] {
        guard let proc = try? Directory(path: "/proc"), let names = try? proc.names() else { return [] }
        return names.compactMap { Int32($0) }.sorted().compactMap { pid in
            guard let open = try? Directory(path: "/proc/\(pid)/fd"), let numbers = try? open.names(),
                numbers.contains(where: { (try? open.readLink($0)).map(isMeant) ?? false })
            else { return nil }
            let name = (try? proc.read("\(pid)/comm", limit: 64)) ?? []
            return "\(String(decoding: name.filter { $0 != 0x0A }, as: UTF8.self)) (pid \(pid))"
        }
    }
}

/// A line of `/proc/net/tcp` and its like.
private struct BoundSocket {
    var address: IPAddress
    var port: UInt16
    /// TCP_LISTEN
    var isListening: Bool
    var inode: Substring

    /// `0: 0100007F:1F90 00000000:0000 0A ...`, with the inode as the tenth word; nil for what is no such line. An address
    /// is one number or four, each as the host reads four bytes of it.
    init?(_ line: Substring) {
        let words = line.split(separator: " ")
        guard words.count > 9, let colon = words[1].lastIndex(of: ":"),
            let port = UInt16(words[1][colon...].dropFirst(), radix: 16)
        else { return nil }
        var (rest, value) = (words[1][..<colon], UInt128(0))
        let isLong = rest.count == 32
        guard isLong || rest.count == 8 else { return nil }
        while !rest.isEmpty {
            guard let part = UInt32(rest.prefix(8), radix: 16) else { return nil }
            value = value << 32 | UInt128(UInt32(bigEndian: part))
            rest = rest.dropFirst(8)
        }
        address = isLong ? .v6(value) : .v4(UInt32(truncatingIfNeeded: value))
        (self.port, isListening, inode) = (port, words[3] == "0A", words[9])
    }
}
