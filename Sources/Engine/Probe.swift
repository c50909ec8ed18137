internal import Linux
internal import Model

/// One look at a container from outside: no program is started in it. Blocks, at most for the timeout but for what a
/// hanging file system adds.
struct Probe: Sendable {
    let spec: HealthSpec
    let process: Pidfd
    /// The number of the same process.
    let pid: Int
    let timeout: Duration

    /// What is wrong; `nil` when nothing is.
    func failure() -> String? {
        let deadline = MonotonicTime.now.advanced(by: timeout)
        do {
            switch spec.probe {
            case .tcp:
                _ = try connect(until: deadline)
                return nil
            case .http: return try answer(until: deadline)
            case .unix:
                let socket = try open(spec.path ?? "/")
                defer { withExtendedLifetime(socket) {} }
                _ = try UnixSocket.connectAtOnce(socket.path)
                return nil
            case .file:
                _ = try open(spec.path ?? "/")
                return nil
            case .command, .none: return "there is nothing to see of it from outside"
            }
        } catch {
            return "\(target): \(error)"
        }
    }

    private var target: String {
        switch spec.probe {
        case .tcp, .http: "port \(spec.port ?? 0)"
        case .unix, .file: spec.path ?? "/"
        case .command, .none: spec.command?.first ?? ""
        }
    }

    // MARK: Ports

    /// By IPv4 first, then by IPv6, of the container's own loopback.
    private func connect(until deadline: MonotonicTime) throws(Errno) -> Descriptor {
        do { return try connect(to: "127.0.0.1", until: deadline) } catch {
            guard error == .connectionRefused, let socket = try? connect(to: "::1", until: deadline) else {
                throw error
            }
            return socket
        }
    }

    private func connect(to address: String, until deadline: MonotonicTime) throws(Errno) -> Descriptor {
        let socket = try NetworkNamespace.withNamespace(of: process) { () throws(Errno) in
            try InternetSocket.stream(for: address)
        }
        try socket.connect(to: address, port: UInt16(truncatingIfNeeded: spec.port ?? 0), until: deadline)
        return socket
    }

    private func answer(until deadline: MonotonicTime) throws(Errno) -> String? {
        let socket = try connect(until: deadline)
        let request = [
            "GET \(spec.path ?? "/") HTTP/1.1", "Host: localhost:\(spec.port ?? 0)", "User-Agent: davit",
            "Accept: */*", "Connection: close", "", "",
        ]
        try socket.send(Array(request.joined(separator: "\r\n").utf8), wait: false)
        var reply: [UInt8] = []
        while !reply.contains(0x0A), reply.count < 4096 {
            guard try socket.wait(until: deadline) else { throw Errno.timedOut }
            let (piece, _) = try socket.receive(upTo: 4096 - reply.count)
            guard !piece.isEmpty else { break }
            reply += piece
        }
        return HTTPStatus(reply).failure
    }

    // MARK: Paths

    /// Opens nothing but the name, below the container's root whatever its links say: a FIFO or a device is not touched.
    private func open(_ path: String) throws(Errno) -> Descriptor {
        let root = try Directory(path: "/proc/\(pid)/root")
        // The number still means the process, so the root is its.
        guard process.isAlive else { throw Errno.noSuchProcess }
        let inside = String(path.drop { $0 == "/" })
        return try root.open(inside.isEmpty ? "." : inside, .path, resolve: .inRoot).shared()
    }
}

/// The first line of an answer, such as `HTTP/1.1 200 OK`.
struct HTTPStatus {
    let code: Int?

    init(_ reply: [UInt8]) {
        let words = reply.prefix { $0 != 0x0A && $0 != 0x0D }.split(separator: 0x20)
        let isHTTP = words.first?.starts(with: Array("HTTP/1.".utf8)) ?? false
        code = isHTTP && words.count > 1 && words[1].count == 3 ? Int(String(decoding: words[1], as: UTF8.self)) : nil
    }

    var failure: String? {
        guard let code else { return "the answer is not HTTP" }
        return (200..<400).contains(code) ? nil : "the answer is HTTP status \(code)"
    }
}
