internal import Linux
internal import Model

/// The sockets of a network namespace that take connections or datagrams, as the kernel lists them.
struct ListeningSockets {
    private let proc: Directory?
    private let pid: Int

    /// - Parameter pid: a process in the namespace.
    init(ofProcess pid: Int) {
        self.pid = pid
        proc = try? Directory(path: "/proc")
    }

    /// The last step of a packet's way to a published port: whether a program takes it.
    func step(_ port: PortMapping) -> PortPath.Step {
        let place = "port \(port.containerPort)/\(port.transport.rawValue) of the container"
        // SCTP has another list, which few kernels have.
        guard port.transport != .sctp else { return .init("program", .doubtful, "\(place): not looked at") }
        let addresses = ["", "6"].flatMap { self.addresses(of: port, in: "\(port.transport.rawValue)\($0)") }
        if addresses.isEmpty {
            return .init("program", .closed, "nothing listens to \(place): is the program ready, and is it that port?")
        }
        if addresses.allSatisfy(Self.isLoopback) {
            return .init(
                "program", .closed,
                "a program listens to \(place) on the loopback alone: have it listen to every address"
            )
        }
        return .init("program", .open, "a program listens to \(place)")
    }

    /// `/proc/PID/net/tcp`: a heading, then `0: 0100007F:1F90 00000000:0000 0A ...`; 0A is TCP_LISTEN, 07 an open
    /// socket of UDP.
    private func addresses(of port: PortMapping, in file: String) -> [String] {
        guard let bytes = try? proc?.open("\(pid)/net/\(file)").readAll(limit: 8 << 20) else { return [] }
        let lines = String(decoding: bytes, as: UTF8.self).split(separator: "\n").dropFirst()
        return lines.compactMap { line in
            let words = line.split(separator: " ")
            guard words.count > 3, words[3] == (port.transport == .udp ? "07" : "0A") else { return nil }
            let parts = words[1].split(separator: ":")
            guard parts.count == 2, Int(parts[1], radix: 16) == port.containerPort else { return nil }
            return String(parts[0])
        }
    }

    /// Words of four bytes in the machine's order: 127.0.0.1, ::1.
    private static func isLoopback(_ address: String) -> Bool {
        address == "0100007F" || address == "00000000000000000000000001000000"
            || address == "0000000000000000FFFF00000100007F"
    }
}
