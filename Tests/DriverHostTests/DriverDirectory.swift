import Drivers
import JSON
import Linux
import Model
import TestSupport
import Wire

@testable import DriverHost

/// A directory with drivers that the tests compile from `Tests/BadDrivers/driver.c`; gone when the value goes.
final class DriverDirectory: Sendable {
    let path: String

    init() throws {
        path = "/tmp/davit-test-drivers-\(ContainerID.random())"
        try Directory(path: "/tmp").makeDirectory(String(path.dropFirst("/tmp/".count)))
    }

    deinit {
        guard let directory = try? Directory(path: path) else { return }
        for name in (try? directory.names()) ?? [] { try? directory.remove(name) }
        try? Directory(path: "/tmp").removeDirectory(String(path.dropFirst("/tmp/".count)))
    }

    var directory: Directory { get throws { try Directory(path: path) } }

    /// Compiles a driver and writes its manifest.
    func add(
        _ stem: String, _ kind: DriverKind = .network, faults: [String] = [], serial: Bool = false,
        change: (inout DriverManifest) -> Void = { _ in }
    ) throws {
        let methods = ManifestFile.requiredMethods(kind).filter { $0 != "describe" && $0 != "status" }
        let definitions = [
            "KIND": kind.rawValue, "NAME": stem, "CONCURRENCY": serial ? "serial" : "concurrent",
        ]
        try run(
            "/usr/bin/cc",
            ["-std=gnu11", "-shared", "-fPIC", "-I\(Self.repository)/Sources/CDavitDriver/include"]
                + definitions.map { "-D\($0.key)=\"\($0.value)\"" }
                + ["-DMETHODS=" + methods.map { "\"\\\"\($0)\\\"\"" }.joined(separator: "\",\"")]
                + faults.map { "-DFAULT_\($0)" }
                + ["-o", "\(path)/\(stem).so", "\(Self.repository)/Tests/BadDrivers/driver.c"])
        var manifest = DriverManifest(
            name: stem, kind: kind, version: "1.0", abi: DriverManifest.ABIRange(min: 1, max: 1),
            methods: ["describe", "status", "recover", "gc"] + methods, concurrency: serial ? .serial : .concurrent,
            needs: DriverManifest.Needs(), features: [], configSchema: [:],
            sha256: try FileIdentity(directory.open("\(stem).so").shared()).sha256)
        change(&manifest)
        try write("\(stem).driver.json", JSONValue(encoding: manifest).description)
    }

    /// Copies a driver that SwiftPM built, with the manifest that `davit-driver-host --manifest` writes.
    func addShipped(_ library: String, as stem: String) throws {
        let bytes = try Directory(path: Self.products).read(library, limit: 256 << 20)
        try directory.replaceFile("\(stem).so", bytes)
        try write("\(stem).driver.json", DriverHostCommand.manifest("\(path)/\(stem).so"))
    }

    func write(_ name: String, _ text: String) throws { try directory.replaceFile(name, Array(text.utf8)) }

    func host(
        _ drivers: [String: DriverSettings] = [:], cache: String? = nil, probeDeadline: Duration = .seconds(60),
        probeProgram: String = DriverDirectory.products + "/davit-driver-host",
        notice: @escaping @Sendable (DriverNotice) -> Void = { _ in }
    ) -> DriverHost {
        let configuration = DriverHostConfiguration(
            drivers: drivers, probeProgram: probeProgram, probeDeadline: probeDeadline, probeCache: cache)
        let host = DriverHost(directories: [path], configuration: configuration, notice: notice)
        host.load()
        return host
    }

    /// Where SwiftPM puts what it builds: beside the test program.
    static let products: String = {
        let program = (try? Directory(path: "/proc/self").readLink("exe")) ?? ""
        return String(program.prefix(upTo: program.lastIndex(of: "/") ?? program.startIndex))
    }()

    static let repository: String = {
        var parts = #filePath.split(separator: "/")
        parts.removeLast(3)
        return "/" + parts.joined(separator: "/")
    }()
}

struct ProgramFailed: Error {
    var program: String
    var status: ExitStatus?
}

/// Runs a program to its end.
func run(_ program: String, _ arguments: [String]) throws {
    let file = try Directory(path: "/").open(program, .path).shared()
    let child = try withExtendedLifetime(file) {
        try Process.spawn(
            executable: file.rawValue, arguments: [program] + arguments, environment: ["PATH=/usr/bin:/bin"],
            descriptors: [], standard: [-1, 2, 2]
        ).shared()
    }
    let status = try child.end()
    guard status == .exited(0) else { throw ProgramFailed(program: program, status: status) }
}

let sampleContainer = ContainerID.random()
let sampleAttach: AttachRequest = {
    guard let network = try? NetworkName("sample") else { preconditionFailure("\"sample\" is a network's name") }
    return AttachRequest(container: sampleContainer, network: network, hostname: "box")
}()
let sampleDetach = DetachRequest(container: sampleContainer, network: sampleAttach.network)
