internal import Drivers
internal import Linux
internal import Model

/// What the agent itself hands to a program: a socket to say how it is, credentials, sockets that listen already.
struct Handover {
    /// Take the place of what the spec or the image sets.
    var environment: [(name: String, value: String)] = []
    var mounts: [PlannedMount] = []
    var listeners: [Descriptor] = []
    var credentials: CredentialFiles?

    /// Adds it to what the isolation driver is asked for.
    func extend(_ request: inout PlanRequest) {
        let names = Set(environment.map(\.name))
        request.process.environment.removeAll { names.contains(String($0.prefix { $0 != "=" })) }
        request.process.environment += environment.map { "\($0.name)=\($0.value)" }
        request.mounts += mounts
        request.mounts.sort { $0.target.utf8.count < $1.target.utf8.count }
        request.listeners += listeners
    }
}

extension Engine {
    /// What a container's spec asks to be handed; `nil` where that is nothing.
    func handover(to container: Container, _ run: RunDirectory) async throws -> Handover? {
        let spec = container.record.spec
        guard spec.notify != nil || spec.credentials != nil || spec.listen != nil else { return nil }
        // The monitor's own init is the first process where it is asked for, and the program the next.
        let program = spec.initProcess == true ? "2" : "1"
        var handover = Handover()
        if let notify = spec.notify {
            let place = try openNotify(of: container, run)
            let mount = try Mount.clone(of: place.descriptor).shared()
            handover.mounts.append(PlannedMount(.mount(mount), target: "/run/davit", readOnly: true, recursive: false))
            handover.environment.append(("NOTIFY_SOCKET", "/run/davit/notify"))
            if let seconds = notify.watchdog {
                handover.environment.append(("WATCHDOG_USEC", String(Int64(seconds * 1_000_000))))
                handover.environment.append(("WATCHDOG_PID", program))
            }
        }
        if let names = spec.credentials, !names.isEmpty {
            let files = try await credentials(of: container)
            handover.credentials = files
            handover.mounts += files.mounts
            handover.environment.append(("CREDENTIALS_DIRECTORY", CredentialFiles.place))
        }
        if let wanted = spec.listen, !wanted.isEmpty {
            handover.listeners = try listeners(of: container)
            handover.environment += [
                ("LISTEN_FDS", String(wanted.count)), ("LISTEN_PID", program),
                ("LISTEN_FDNAMES", wanted.map { $0.name ?? "davit" }.joined(separator: ":")),
            ]
        }
        return handover
    }
}
