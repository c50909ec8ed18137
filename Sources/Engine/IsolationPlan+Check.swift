internal import Drivers
internal import LaunchPlan
internal import Model

extension IsolationPlan {
    /// Refuses a plan that no driver can have meant, with `driver.bad_reply`, before anything is spawned.
    ///
    /// - Parameter ids: The container's; `nil` when it has the host's.
    /// - Parameter joins: Whether the program is one more in a running container.
    func check(ids: IDRange?, joins: Bool = false) throws(AgentError) {
        let maps = plan.uidMap + plan.gidMap
        let problems: [(Bool, String)] = [
            ((plan.join != nil) != joins, joins ? "it does not join the container" : "it joins another's namespaces"),
            (!plan.ownNamespaces.isSuperset(of: [.mount, .pid]), "it lacks a mount or a process namespace of its own"),
            (plan.steps.count > 4096, "it has \(plan.steps.count) steps"),
            (descriptors.count > 256, "it has \(descriptors.count) descriptors"),
            (!plan.endsInOneProgram, "it does not run one program, as its last step"),
            (
                plan.steps.contains { $0.descriptor.map { !descriptors.indices.contains($0) } ?? false },
                "a step names a descriptor beyond its \(descriptors.count)"
            ),
            (maps.contains { !(ids?.holds($0) ?? false) }, "it maps ids that are not the container's"),
            (plan.join.map { !descriptors.indices.contains($0.process) } ?? false, "it joins no process"),
        ]
        for (wrong, problem) in problems where wrong {
            throw AgentError(.driverBadReply, "the isolation driver's plan can't be carried out: \(problem)")
        }
    }
}

extension LaunchPlan {
    /// Those that the program does not share with the host: new ones, or the container's.
    fileprivate var ownNamespaces: Namespaces { join?.namespaces ?? namespaces }

    fileprivate var endsInOneProgram: Bool {
        let programs = steps.indices.filter { if case .exec = steps[$0] { true } else { false } }
        return programs == [steps.count - 1]
    }
}

extension LaunchStep {
    /// The descriptor that the step uses.
    var descriptor: Int? {
        switch self {
        case .joinNetwork(let index), .attachRoot(let index, _), .bind(.descriptor(let index), _, _, _),
            .seccomp(let index), .pass(let index, _):
            index
        default: nil
        }
    }
}

extension IDRange {
    fileprivate func holds(_ map: IDMap) -> Bool {
        map.outside >= base && UInt64(map.outside) + UInt64(map.count) <= UInt64(base) + UInt64(count)
    }
}
