import Drivers
import JSON
import Linux
import Model
import Netlink
import TestSupport
import Testing

@testable import NetworkCNI

/// The parent of all tests that run plugins in namespaces: one after another, as root.
@Suite(.serialized, .enabled(if: isRoot, "needs root"))
enum KernelTests {}

/// A directory of lists, one of plugins, and a namespace that is the host.
final class World: Sendable {
    let path: String
    let directory: Directory
    let host: Descriptor
    let configuration: CNIConfiguration
    let driver: CNIDriver

    /// - Parameter ownPlugins: Debian's plugins are not there, only those that the test writes.
    init(ownPlugins: Bool = false, _ configure: (inout CNIConfiguration) -> Void = { _ in }) throws {
        path = "/tmp/davit-cni-\(Process.pid)-\(UInt64.random(in: 0 ... .max))"
        try Directory(path: "/tmp").makeDirectory(String(path.dropFirst(5)), mode: 0o700)
        directory = try Directory(path: path)
        for name in ["conf", "bin", "leases"] { try directory.makeDirectory(name) }
        var configuration = CNIConfiguration()
        configuration.confDirs = ["\(path)/conf"]
        configuration.binDirs = ["\(path)/bin"] + (ownPlugins ? [] : ["/usr/lib/cni"])
        configuration.resolvConf = "/nowhere"
        configure(&configuration)
        self.configuration = configuration
        host = try NetworkNamespace.make()
        try RouteSocket(in: host).change(1, LinkSettings(isUp: true))
        driver = try CNIDriver(configuration, host: host)
    }

    deinit { _ = try? Command.run("rm -rf --one-file-system \"$1\"", [path]) }

    /// Another start of the driver, that remembers nothing.
    func restart() throws -> CNIDriver { try CNIDriver(configuration, host: host) }

    // MARK: Files

    func write(_ file: String, _ text: String, mode: UInt32 = 0o644) throws {
        // Never written to again: a file that is executed can't be, and one that was open for writing can't be executed.
        try directory.open(file, [.writeOnly, .create, .truncate], mode: mode).write(text)
        try directory.changeMode(file, mode)
    }

    func text(_ file: String) throws -> String {
        String(decoding: try directory.readIfPresent(file, limit: 16 << 20) ?? [], as: UTF8.self)
    }

    /// A list of these plugins.
    func list(_ name: String, version: String = "1.0.0", with more: String = "", _ plugins: String...) throws {
        try write(
            "conf/10-\(name).conflist",
            "{\"cniVersion\":\"\(version)\",\"name\":\"\(name)\",\(more)\"plugins\":[\(plugins.joined(separator: ","))]}"
        )
    }

    /// A plugin that notes what it is asked, then does what `body` says; `$input` is what it read.
    ///
    /// `calls` gets a line a call, `TYPE.COMMAND` the input.
    func plugin(_ type: String, versions: String = "\"1.0.0\",\"1.1.0\"", _ body: String = "") throws {
        try write(
            "bin/\(type)",
            """
            #!/bin/sh
            input=$(cat)
            if [ "$CNI_COMMAND" = VERSION ]; then
                echo '{"cniVersion":"1.0.0","supportedVersions":[\(versions)]}'
                exit 0
            fi
            echo "\(type) $CNI_COMMAND $CNI_IFNAME ${CNI_NETNS:+netns}" >>'\(path)/calls'
            echo "$input" >'\(path)/\(type).'$CNI_COMMAND
            \(body)
            [ "$CNI_COMMAND" != ADD ] || echo '{"cniVersion":"1.0.0","ips":[{"address":"192.0.2.9/24"}]}'

            """, mode: 0o755)
    }

    /// What plugins were asked, in order.
    func calls() throws -> [String] {
        try text("calls").split(separator: "\n").map { line in
            line.split(separator: " ").joined(separator: " ")
        }
    }

    /// What a plugin was told when it was asked last.
    func input(_ type: String, _ command: String) throws -> JSONValue {
        try JSONValue(parsing: text("\(type).\(command)").split(separator: "\n").last.map(String.init) ?? "")
    }

    // MARK: Containers

    func create(_ name: String, _ driver: CNIDriver? = nil) async throws {
        _ = try await (driver ?? self.driver).create(
            NetworkRequest(NetworkSpec(name: NetworkName(name), driver: "cni")))
    }

    func attach(
        _ name: String, _ driver: CNIDriver? = nil, _ change: (inout AttachRequest) -> Void = { _ in }
    ) async throws -> Container {
        var request = try AttachRequest(container: .random(), network: NetworkName(name), hostname: "c")
        change(&request)
        return try Container(request, await (driver ?? self.driver).attach(request))
    }

    func detach(_ container: Container, _ driver: CNIDriver? = nil, handle: JSONValue? = nil) async throws {
        try await (driver ?? self.driver).detach(
            DetachRequest(
                container: container.id, network: container.network, handle: handle ?? container.attachment.handle,
                interface: container.interface))
    }

    /// Names of the host's links but its loopback.
    func links() throws -> [String] { try RouteSocket(in: host).links().map(\.name).filter { $0 != "lo" }.sorted() }

    /// Rules of the host in iptables' words.
    func rules() throws -> String { try run("iptables -w -t nat -S; iptables -w -t filter -S") }

    /// What a script says that runs where the host is.
    func run(_ script: String) throws -> String {
        let path = "/proc/\(Process.pid)/fd/\(host.rawValue)"
        let said = try Command.run("nsenter --net=\"$1\" sh -c \"$2\"", [path, script])
        #expect(said.succeeded, "\(said.output)\(said.error)")
        return said.output
    }

    /// Addresses that host-local has given.
    func leases(_ name: String) throws -> [String] {
        guard try directory.directory("leases").statusIfPresent(name) != nil else { return [] }
        return try directory.directory("leases/\(name)").names().filter { $0.contains(".") && $0.first != "l" }.sorted()
    }
}

/// A container without processes.
struct Container: Sendable {
    let id: ContainerID
    let network: NetworkName
    let interface: String
    let attachment: Drivers.Attachment
    let namespace: Descriptor

    init(_ request: AttachRequest, _ attachment: Drivers.Attachment) throws {
        (id, network, interface) = (request.container, request.network, request.interface)
        self.attachment = attachment
        guard case .made(let namespace) = attachment.namespace else {
            throw AgentError(.driverBadReply, "the namespace is \(attachment.namespace)")
        }
        self.namespace = namespace
    }

    var handle: ContainerHandle { ContainerHandle(container: id, network: network, handle: attachment.handle) }
    /// The first address, without a length.
    var address: String { String(attachment.addresses.first?.split(separator: "/").first ?? "") }

    func listen(_ port: UInt16) throws -> Descriptor {
        try NetworkNamespace.run(in: namespace) { () throws(Errno) in
            try InternetSocket.listen(.stream, address: "0.0.0.0", port: port)
        }
    }
}

/// A byte over a new TCP connection from a namespace to somebody who listens.
func exchange(from namespace: Descriptor, _ address: String, _ port: UInt16, with listener: Descriptor) throws {
    let client = try NetworkNamespace.run(in: namespace) { () throws(Errno) in
        try InternetSocket.stream(for: address)
    }
    try client.connect(to: address, port: port, until: .now.advanced(by: .seconds(5)))
    try #require(try listener.wait(until: .now.advanced(by: .seconds(5))))
    let server = try #require(try UnixSocket.accept(listener))
    try client.send([7])
    try #require(try server.wait(until: .now.advanced(by: .seconds(5))))
    #expect(try server.read(upTo: 9) == [7])
}

/// Whether something becomes true within ten seconds.
func eventually(_ condition: () async throws -> Bool) async throws -> Bool {
    for _ in 0..<1000 {
        if try await condition() { return true }
        try Command.pause(milliseconds: 10)
    }
    return false
}
