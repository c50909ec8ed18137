import ContainerNetwork
import Linux
import Model

/// The processes of the host that have a port, for a person to be told of: by the kernel's lists of sockets, and what is
/// open in each process. Slow with many processes; asked only when a port is refused.
struct PortHolders {
    let host: HostNetwork

    /// Such as `nginx (pid 123)`, a few at the most; `a process of the host` where none is found, which may be hidden from
    /// us, or of another container.
    func text(of port: UInt16, _ transport: PortMapping.Transport) -> String {
        let sockets = Set(((try? inodes(of: port, transport)) ?? []).map { "socket:[\($0)]" })
        let names = sockets.isEmpty ? [] : processes { sockets.contains($0) }
        return names.isEmpty ? "a process of the host" : names.prefix(3).joined(separator: ", ")
    }

    /// `/proc/net/tcp`: a heading, then `0: 0100007F:1F90 00000000:0000 0A ...`, with the inode as the tenth word; 0A is
    /// TCP_LISTEN.
    private func inodes(of port: UInt16, _ transport: PortMapping.Transport) throws(Errno) -> [Substring] {
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
        return texts.flatMap { $0.split(separator: "\n").dropFirst() }.compactMap { line in
            let words = line.split(separator: " ")
            guard words.count > 9, transport == .udp || words[3] == "0A",
                let number = words[1].split(separator: ":").last, UInt16(number, radix: 16) == port
            else { return nil }
            return words[9]
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
