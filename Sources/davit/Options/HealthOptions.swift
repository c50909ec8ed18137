import ArgumentParser
import Model

/// What `run` and `create` say of how to find out whether the program is well.
struct HealthOptions: ParsableArguments {
    @Option(
        parsing: .unconditional,
        help: ArgumentHelp("It is well when this ends with 0; run by /bin/sh -c.", valueName: "command"))
    var healthCmd: String?

    @Option(help: ArgumentHelp("It is well when this TCP port takes a connection.", valueName: "port"))
    var healthTcp: Int?

    @Option(
        help: ArgumentHelp("It is well when a GET is answered with 200 to 399.", valueName: "port[/path]"))
    var healthHttp: String?

    @Option(help: ArgumentHelp("It is well when this Unix socket takes a connection.", valueName: "path"))
    var healthUnix: String?

    @Option(help: ArgumentHelp("It is well when this path is there.", valueName: "path"))
    var healthFile: String?

    @Option(
        help: ArgumentHelp("Time between two probes, such as 30s or 1m (default: 30s).", valueName: "duration"),
        transform: Period.init)
    var healthInterval: Period?

    @Option(
        help: ArgumentHelp("Time within which an answer must come (default: 30s).", valueName: "duration"),
        transform: Period.init)
    var healthTimeout: Period?

    @Option(
        help: ArgumentHelp("Time from the start in which a failure does not count.", valueName: "duration"),
        transform: Period.init)
    var healthStartPeriod: Period?

    @Option(help: ArgumentHelp("So many failures in a row make it unhealthy (default: 3).", valueName: "number"))
    var healthRetries: Int?

    @Option(
        name: [.long, .customLong("health-on-failure")],
        help: ArgumentHelp("What to do when it becomes unhealthy: none, restart or stop.", valueName: "action"),
        completion: .list(HealthSpec.Action.allCases.map(\.rawValue)), transform: HealthOptions.action)
    var healthAction: HealthSpec.Action?

    @Flag(help: "Do not probe it, whatever the image says.")
    var noHealthcheck = false

    func apply(to spec: inout ContainerSpec) throws {
        let probes = [try command, tcp, try http, unix, file].compactMap { $0 }
        guard probes.count <= 1 else { throw ValidationError("give one of the --health probes only") }
        guard !noHealthcheck else {
            guard probes.isEmpty else {
                throw ValidationError("--no-healthcheck and a --health probe exclude each other")
            }
            spec.health = HealthSpec(.none)
            return
        }
        guard var health = probes.first else {
            guard isBare else {
                throw ValidationError("say what to probe: --health-cmd, -tcp, -http, -unix or -file")
            }
            return
        }
        health.interval = healthInterval?.seconds
        health.timeout = healthTimeout?.seconds
        health.startPeriod = healthStartPeriod?.seconds
        health.retries = healthRetries
        health.action = healthAction
        spec.health = health
    }

    private var isBare: Bool {
        healthInterval == nil && healthTimeout == nil && healthStartPeriod == nil && healthRetries == nil
            && healthAction == nil
    }

    private var command: HealthSpec? {
        get throws {
            guard let healthCmd else { return nil }
            guard !healthCmd.isEmpty else { throw ValidationError("--health-cmd is empty") }
            // As docker has it, "none" takes the image's away.
            guard healthCmd != "none" else { return HealthSpec(.none) }
            var spec = HealthSpec(.command)
            spec.command = ["/bin/sh", "-c", healthCmd]
            return spec
        }
    }

    private var tcp: HealthSpec? {
        healthTcp.map { port in
            var spec = HealthSpec(.tcp)
            spec.port = port
            return spec
        }
    }

    private var http: HealthSpec? {
        get throws {
            guard let healthHttp else { return nil }
            let end = healthHttp.firstIndex(of: "/") ?? healthHttp.endIndex
            guard let port = Int(healthHttp[..<end]) else {
                throw ValidationError("--health-http \(healthHttp): write PORT or PORT/PATH, such as 8080/health")
            }
            var spec = HealthSpec(.http)
            spec.port = port
            spec.path = end == healthHttp.endIndex ? nil : String(healthHttp[end...])
            return spec
        }
    }

    private var unix: HealthSpec? { healthUnix.map { HealthOptions.probe(.unix, $0) } }
    private var file: HealthSpec? { healthFile.map { HealthOptions.probe(.file, $0) } }

    private static func probe(_ kind: HealthSpec.Probe, _ path: String) -> HealthSpec {
        var spec = HealthSpec(kind)
        spec.path = path
        return spec
    }

    private static func action(_ text: String) throws -> HealthSpec.Action {
        // podman's word.
        let word = text == "kill" ? "stop" : text
        guard let action = HealthSpec.Action(rawValue: word) else {
            throw ValidationError("\"\(text)\" is no action: use none, restart or stop")
        }
        return action
    }
}

/// A time such as `30`, `1.5s`, `200ms`, `2m` or `1h30m`.
struct Period: Equatable {
    let seconds: Double

    init(_ text: String) throws {
        let units = [("ms", 0.001), ("s", 1), ("m", 60), ("h", 3600)]
        var rest = text[...]
        var sum = 0.0
        repeat {
            let digits = rest.prefix { $0.isNumber || $0 == "." }
            rest = rest.dropFirst(digits.count)
            let unit = rest.prefix { $0.isLetter }
            rest = rest.dropFirst(unit.count)
            let isPlain = unit.isEmpty && digits.count == text.count
            guard let number = Double(digits),
                let factor = isPlain ? 1 : units.first(where: { $0.0 == unit })?.1
            else { throw ValidationError("\"\(text)\" is no time: write 30s, 1.5s, 200ms, 2m or 1h30m") }
            sum += number * factor
        } while !rest.isEmpty
        seconds = sum
    }
}
