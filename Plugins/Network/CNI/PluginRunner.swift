import ContainerNetwork
import JSON
import Linux
import Model

/// Asks plugins, and gives a meaning to what they answer.
final class PluginRunner: Sendable {
    /// A longer result is refused: it is kept with the container.
    private static let longestResult = 256 << 10
    /// Where plugins find the programs of the host.
    private static let path = "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"

    private let settings: CNISettings
    private let host: HostNetwork
    /// What plugins said that they speak; another file at the same path is asked anew.
    private let versions = Guarded<[PluginProgram.Identity: Set<CNIVersion>]>([:])

    init(_ settings: CNISettings, host: HostNetwork) { (self.settings, self.host) = (settings, host) }

    /// Throws `network.refused` for one that is not there.
    func program(_ type: String) throws(AgentError) -> PluginProgram {
        try PluginProgram(type, in: settings.binDirs)
    }

    /// Asks one for a connection. Blocks for as long as it takes, and at most for the timeout.
    func result(of call: PluginCall, version: CNIVersion) throws(AgentError) -> PluginResult {
        let output = try perform(call)
        do {
            guard output.count <= Self.longestResult else {
                throw ResultProblem("it is longer than \(Self.longestResult >> 10) KiB")
            }
            do { return try PluginResult(try JSONValue(parsing: output), version: version) } catch let error
                as JSONError
            {
                throw ResultProblem(output.isEmpty ? "it is empty" : "it is no JSON: \(error)")
            }
        } catch {
            throw AgentError(
                .driverFailed,
                "the CNI plugin \(call.type) answered \(call.title) with a result that is none: \(error); is it a plugin of versions \(CNIVersion.range)?"
            )
        }
    }

    /// Asks one for what has no result. Blocks.
    @discardableResult
    func perform(_ call: PluginCall) throws(AgentError) -> [UInt8] {
        let run = PluginRun(program: try program(call.type), host: host, timeout: settings.timeout)
        let outcome: PluginRun.Outcome
        do {
            outcome = try run.perform(
                input: [UInt8](String(json: .object(call.input)).utf8),
                environment: call.environment + [
                    "CNI_PATH=\(settings.binDirs.joined(separator: ":"))", Self.path,
                ])
        } catch {
            throw AgentError(
                .driverFailed,
                "the CNI plugin \(run.program.path) could not be run for \(call.title): is it a program for this machine?",
                cause: ["\(error)"])
        }
        if let error = error(in: outcome, call) { throw error }
        return outcome.output
    }

    /// Nil: it did what it was asked.
    private func error(in outcome: PluginRun.Outcome, _ call: PluginCall) -> AgentError? {
        switch (outcome.end, outcome.status) {
        case (.late, _):
            return AgentError(
                .driverTimeout,
                "the CNI plugin \(call.type) did not end in \(call.title) within \(settings.timeout) and was killed: find out what it waits for, or raise \"timeout\"",
                retryable: true, cause: outcome.words)
        case (.talkative, _):
            return AgentError(
                .driverFailed,
                "the CNI plugin \(call.type) wrote more than \(PluginRun.longestOutput >> 20) MiB in \(call.title) and was killed",
                cause: outcome.words)
        case (.own, .exited(0)): return nil
        case (.own, let status):
            if let failure = PluginFailure(try? JSONValue(parsing: outcome.output)) {
                return failure.error(call, cause: outcome.words)
            }
            let end =
                switch status {
                case .exited(let code): "exit status \(code)"
                case .signaled(let signal): "signal \(signal)"
                }
            return AgentError(
                .driverFailed,
                "the CNI plugin \(call.type) ended \(call.title) with \(end) and no CNI error: look at the cause",
                cause: outcome.words)
        }
    }
}

// MARK: Versions
extension PluginRunner {
    /// The list in the highest version that all of its plugins speak. Throws `network.refused` when there is none.
    func settled(_ list: NetworkList) throws(AgentError) -> NetworkList {
        var left = list
        for type in Set(list.plugins.map(\.type)).sorted() {
            let spoken = try versions(of: type)
            guard let limited = left.limited(to: spoken) else {
                let versions = spoken.sorted().map { "\"\($0)\"" }.joined(separator: ", ")
                let wanted = left.versions.map { "\($0)" }.joined(separator: ", ")
                throw AgentError(
                    .networkRefused,
                    "the CNI plugin \(type) does not speak version \(wanted), in which the list \(list.name) is to be used: set its \"cniVersion\" to one of \(versions.isEmpty ? "another plugin" : versions)"
                )
            }
            left = limited
        }
        return left
    }

    private func versions(of type: String) throws(AgentError) -> Set<CNIVersion> {
        let identity = try program(type).identity
        if let known = versions.withLock({ $0[identity] }) { return known }
        let highest = CNIVersion.known[CNIVersion.known.count - 1]
        let call = PluginCall(
            command: .version, type: type, network: "", connection: nil, input: Self.question(highest))
        let output = try perform(call)
        guard let names = (try? JSONValue(parsing: output))?["supportedVersions"]?.array else {
            throw AgentError(
                .driverFailed,
                "the CNI plugin \(type) did not answer VERSION with \"supportedVersions\": is it a plugin?")
        }
        let spoken = Set(names.compactMap { $0.string.flatMap { CNIVersion($0) } })
        versions.withLock { $0[identity] = spoken }
        return spoken
    }

    private static func question(_ version: CNIVersion) -> JSONObject {
        var object = JSONObject()
        object["cniVersion"] = .string("\(version)")
        return object
    }
}
