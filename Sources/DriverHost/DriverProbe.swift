internal import Glibc
internal import JSON
internal import Linux
internal import Model
internal import Wire

/// Tries a driver out in a process of its own, so that what it breaks is nobody else's.
///
/// The child is this program again (or `davit-driver-host`), started as `PROGRAM --probe-driver CONFIGURATION` with the
/// shared object as descriptor 3 and a pipe as descriptor 4, on which it writes a line for each stage it enters and at
/// last a JSON object: the driver's manifest, or an error.
public enum DriverProbe {
    static let argument = "--probe-driver"
    private static let object: Int32 = 3
    private static let report = Descriptor(owning: 4)

    /// Does nothing unless this process was started to try a driver out or to run one; then it does, and never returns.
    ///
    /// The first thing that the main of a probe program calls.
    public static func runIfAsked(_ arguments: [String] = CommandLine.arguments) {
        guard arguments.count == 3 else { return }
        if arguments[1] == DriverService.argument { serve(configuration: arguments[2]) }
        guard arguments[1] == argument else { return }
        var noCore = rlimit(rlim_cur: 0, rlim_max: 0)
        unsafe setrlimit(__rlimit_resource_t(RLIMIT_CORE.rawValue), &noCore)
        do {
            let manifest = try tryOut(configuration: arguments[2])
            say(try JSONValue(encoding: ProbeReport(manifest: manifest)).description)
        } catch {
            let known = error as? AgentError ?? AgentError(.driverRefused, "\(error)")
            say((try? JSONValue(encoding: ProbeReport(error: known)))?.description ?? "{}")
        }
        _exit(0)
    }

    private static func serve(configuration: String) -> Never {
        do { try DriverService.run(configuration: configuration) } catch {
            try? Descriptor(owning: STDERR_FILENO).write("davit-driver-host: \(error)\n")
            _exit(1)
        }
        _exit(0)
    }

    private static func tryOut(configuration: String) throws -> DriverManifest {
        say("load")
        let library = try DriverLibrary(Descriptor(owning: object))
        say("open")
        let host = HostTable(driver: library.manifest.name) { _ in }
        let driver = try InProcessDriver(library, configuration: JSONValue(parsing: configuration), host: host)
        say("describe")
        let request = try DriverRequest(
            operation: 0, method: "describe", deadline: MonotonicTime.now.advanced(by: .seconds(5)),
            message: PackedMessage(NoValue()))
        let manifest = try driver.call(request).unpack(DriverManifest.self, unknownKeys: .ignore)
        if let difference = library.manifest.difference(from: manifest) {
            throw refused("what it says of itself changes: \(difference)")
        }
        say("close")
        driver.close()
        return manifest
    }

    private static func say(_ line: String) {
        try? report.write(line + "\n")
    }
}

struct ProbeReport: Codable {
    var manifest: DriverManifest?
    var error: AgentError?
}
