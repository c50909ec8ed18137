internal import Drivers
internal import Model

extension ProcessSpec {
    /// Merges what the caller asked for with what the image says, as docker does: an entrypoint of the caller's also drops
    /// the image's command.
    init(spec: ContainerSpec, image: ImageConfig, hostname: String) throws(AgentError) {
        let entrypoint = spec.entrypoint ?? image.entrypoint
        let command = spec.command ?? (spec.entrypoint == nil ? image.command : [])
        guard !(entrypoint + command).isEmpty else {
            throw AgentError(
                .requestInvalid,
                "the image \(spec.image) names no program: give a command, as in `davit run IMAGE COMMAND`")
        }
        let directory = spec.workingDirectory ?? image.workingDirectory
        self.init(
            arguments: entrypoint + command, environment: merge(image.environment, spec.environment),
            workingDirectory: directory.isEmpty ? "/" : directory, user: spec.user ?? image.user, hostname: hostname,
            readOnlyRoot: spec.readOnly)
    }
}

/// `over`'s values win; the order of first appearance stays.
private func merge(_ base: [String], _ over: [String]) -> [String] {
    var order: [Substring] = []
    var values: [Substring: String] = [:]
    for entry in base + over {
        let name = entry.prefix { $0 != "=" }
        if values.updateValue(entry, forKey: name) == nil { order.append(name) }
    }
    return order.compactMap { values[$0] }
}
