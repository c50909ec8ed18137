import Linux
import Model
import TestSupport
import Testing

@testable import Engine

/// Probes of this very process: its root, its network.
struct ProbeTests {
    private func failure(_ spec: HealthSpec, timeout: Duration = .seconds(5)) throws -> String? {
        let pid = Process.pid
        return Probe(spec: spec, process: try Pidfd(pid: pid), pid: Int(pid), timeout: timeout).failure()
    }

    private func spec(_ probe: HealthSpec.Probe, port: Int? = nil, path: String? = nil) -> HealthSpec {
        var spec = HealthSpec(probe)
        (spec.port, spec.path) = (port, path)
        return spec
    }

    /// A listening socket on a port that was free.
    private func listen() throws -> (Descriptor, Int) {
        for port in UInt16.random(in: 20000...50000)... {
            do { return (try InternetSocket.listen(.stream, address: "127.0.0.1", port: port), Int(port)) } catch {
                guard error == .addressInUse else { throw error }
            }
        }
        throw Errno.addressInUse
    }

    private func withDirectory(_ body: (String, Directory) throws -> Void) throws {
        let name = "davit-test-\(Process.pid)-\(UInt32.random(in: 0 ... .max))"
        let temporary = try Directory(path: "/tmp")
        try temporary.makeDirectory(name)
        defer { try? temporary.removeTree(name) }
        try body("/tmp/" + name, try temporary.directory(name))
    }

    @Test func `a port that listens is well, one that nobody has is not`() throws {
        let (listener, port) = try listen()
        #expect(try failure(spec(.tcp, port: port)) == nil)
        // Also where a child that is just being started by another test still has a copy of it.
        try listener.shutdown(2)
        #expect(try failure(spec(.tcp, port: port))?.hasPrefix("port \(port): ECONNREFUSED") == true)
    }

    @Test func `a server that takes connections and says nothing is given up`() throws {
        let (listener, port) = try listen()
        let found = try failure(spec(.http, port: port), timeout: .milliseconds(50))
        #expect(found?.hasPrefix("port \(port): ETIMEDOUT") == true)
        withExtendedLifetime(listener) {}
    }

    @Test func `an answer of HTTP is judged by its status, whatever follows`() throws {
        let (listener, port) = try listen()
        try Thread.start("test server") {
            while let ready = try? listener.waitReadable(milliseconds: 2000), ready,
                let client = try? UnixSocket.accept(listener)
            {
                _ = try? client.waitReadable(milliseconds: 2000)
                let request = (try? client.receive(upTo: 4096).0) ?? []
                let isHealth = String(decoding: request, as: UTF8.self).hasPrefix("GET /health HTTP/1.1\r\nHost: ")
                let endless = [UInt8](repeating: 0x61, count: 1 << 16)
                _ = try? client.send(Array("HTTP/1.1 \(isHealth ? 200 : 503) x\r\n".utf8) + endless, wait: false)
            }
        }
        #expect(try failure(spec(.http, port: port, path: "/health")) == nil)
        #expect(try failure(spec(.http, port: port)) == "the answer is HTTP status 503")
    }

    @Test func `a file is there or not, and a FIFO does not hold the probe`() throws {
        try withDirectory { path, directory in
            #expect(try failure(spec(.file, path: path)) == nil)
            #expect(try failure(spec(.file, path: path + "/no"))?.hasPrefix("\(path)/no: ENOENT") == true)
            let fifo = try Command.make(fifo: path + "/fifo")
            #expect(fifo)
            #expect(try failure(spec(.file, path: path + "/fifo")) == nil)
            #expect(try failure(spec(.unix, path: path + "/fifo"))?.hasPrefix("\(path)/fifo: ECONNREFUSED") == true)
        }
    }

    @Test func `a Unix socket must be listened to`() throws {
        try withDirectory { path, directory in
            var listener: Descriptor? = try UnixSocket.listen(path + "/socket")
            #expect(try failure(spec(.unix, path: path + "/socket")) == nil)
            withExtendedLifetime(listener) {}
            listener = nil
            #expect(try failure(spec(.unix, path: path + "/socket"))?.hasPrefix("\(path)/socket: ECONNREFUSED") == true)
        }
    }
}

extension ProbeTests {
    @Test func `containers that begin together are soon probed apart`() async throws {
        try await withWorld { world in
            for number in 0..<20 {
                var spec = try ContainerSpec.test("c\(number)")
                var health = HealthSpec(.file)
                (health.path, health.interval) = ("/", 100)
                spec.health = health
                spec.security = SecuritySpec()
                spec.security?.userns = UserNamespaceSpec(.host)
                _ = try await world.engine.create(spec)
                _ = try await world.engine.start("c\(number)")
            }
            // The first pause of each is a quarter of a second, the one after a success the whole interval.
            try await world.settled { world.script.pauses(from: .seconds(90), to: .seconds(110)).count == 20 }
            for (pauses, usual) in [
                (world.script.pauses(from: .milliseconds(225), to: .milliseconds(275)), Duration.milliseconds(250)),
                (world.script.pauses(from: .seconds(90), to: .seconds(110)), .seconds(100)),
            ] {
                #expect(pauses.count == 20 && Set(pauses).count > 15)
                #expect(pauses.contains { $0 < usual } && pauses.contains { $0 > usual })
            }
        }
    }
}

extension Script {
    fileprivate func pauses(from first: Duration, to last: Duration) -> [Duration] {
        with { state in state.pauses.filter { $0 >= first && $0 <= last } }
    }
}

private enum Command {
    static func make(fifo path: String) throws -> Bool {
        let program = try Directory(path: "/usr/bin").open("mkfifo")
        let child = try Process.spawn(
            executable: program.rawValue, arguments: ["mkfifo", path], environment: [], descriptors: []
        ).shared()
        return try child.end() == .exited(0)
    }
}
