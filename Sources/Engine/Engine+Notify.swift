internal import Drivers
internal import Linux
internal import Model

/// The socket on which the program of one run says how it is.
struct NotifyWatch {
    let socket: Descriptor
    var watch: (any Watch)?
    /// What ends when the program says nothing any more; counted, so that an old one is not taken for the present one.
    var deadline: (any Watch)?
    var round = 0
}

extension Engine {
    /// Opens the socket in the run directory. After a restart of the agent it is a new one under the same name, which the
    /// container sees because the directory is what it was given.
    func openNotify(of container: Container, _ run: RunDirectory) throws -> Directory {
        let place = try run.directory.makeDirectories(RunDirectory.notifyName, mode: 0o755)
        // Whatever the umask: every user of the container may say how its program is.
        try run.directory.changeMode(RunDirectory.notifyName, 0o755)
        do { try place.remove("notify") } catch { guard error == .noSuchFile else { throw error } }
        let socket = try DatagramSocket.receive(at: place.descriptor.path + "/notify", mode: 0o666)
        container.ready = false
        container.notifyWatch = NotifyWatch(socket: socket)
        try listen(to: container)
        return place
    }

    /// The program was found running by a new agent.
    func resumeNotify(of container: Container, _ run: RunDirectory, ready: Bool) {
        guard container.record.spec.notify != nil else { return }
        do { _ = try openNotify(of: container, run) } catch {
            parts.complain(AgentError(wrapping: error, "the program is not heard any more"), container.id)
        }
        container.ready = ready
        if ready { awaitWatchdog(of: container) }
    }

    func endNotify(of container: Container) { container.notifyWatch = nil }

    // MARK: Hearing

    private func listen(to container: Container) throws {
        guard let socket = container.notifyWatch?.socket else { return }
        let run = container.run
        container.notifyWatch?.watch = try parts.reactor.watch(socket) { [self] in
            assumeIsolated { $0.hear(container, run) }
        }
    }

    /// So many messages at a time; a program that floods us waits, not the agent.
    private static let burst = 32

    func hear(_ container: Container, _ run: Int) {
        guard container.run == run, let socket = container.notifyWatch?.socket else { return }
        for _ in 0..<Self.burst {
            do {
                guard let message = try DatagramSocket.next(socket, upTo: 4096) else { return }
                guard container.isOwn(user: message.uid) else { continue }
                take(NotifyMessage(message.bytes), of: container)
            } catch {
                // A datagram that is too long is gone.
                guard error == .messageTooLong else { return }
            }
        }
        rest(from: container)
    }

    private func rest(from container: Container) {
        container.notifyWatch?.watch = nil
        let run = container.run
        container.notifyWatch?.watch = try? parts.reactor.after(.milliseconds(100)) { [self] in
            assumeIsolated { engine in
                guard container.run == run else { return }
                do { try engine.listen(to: container) } catch {
                    engine.parts.complain(AgentError(wrapping: error, "the program is not heard"), container.id)
                }
            }
        }
    }

    func take(_ message: NotifyMessage, of container: Container) {
        if let status = message.status { container.message = status.isEmpty ? nil : status }
        if message.isReady, container.ready != true {
            container.ready = true
            tell(.containerReady, of: container)
            changed(container)
            awaitWatchdog(of: container)
        }
        if message.isReady || message.status != nil { keepWords(of: container) }
        // One that says that it ends is given the stop's own grace, not the watchdog's.
        if message.isStopping { cancelWatchdog(of: container) }
        switch message.watchdog {
        case .alive: awaitWatchdog(of: container)
        case .trigger: watchdogMissed(container, "the program asked for it")
        case nil: message.moreTime.map { awaitWatchdog(of: container, $0) }
        }
    }

    // MARK: The watchdog

    /// From READY=1 or the first WATCHDOG=1 on.
    func awaitWatchdog(of container: Container, _ limit: Duration? = nil) {
        guard let seconds = container.record.spec.notify?.watchdog, container.notifyWatch != nil else { return }
        cancelWatchdog(of: container)
        let limit = limit ?? .seconds(seconds)
        let (run, round) = (container.run, container.notifyWatch?.round)
        container.notifyWatch?.deadline = try? parts.reactor.after(limit) { [self] in
            assumeIsolated { engine in
                guard container.run == run, container.notifyWatch?.round == round else { return }
                engine.watchdogMissed(container, "it said nothing for \(limit)")
            }
        }
    }

    func cancelWatchdog(of container: Container) {
        container.notifyWatch?.deadline = nil
        container.notifyWatch?.round += 1
    }

    /// As systemd does: SIGABRT, for a core to look at, and the end for whoever ignores that.
    private func watchdogMissed(_ container: Container, _ why: String) {
        cancelWatchdog(of: container)
        container.message = "watchdog: \(why)"
        do {
            try feed(
                container,
                .stop(
                    signal: Signal.abort.number, grace: container.record.spec.stopTimeout, by: .watchdog))
        } catch { parts.complain(error, container.id) }
    }
}

extension Container {
    /// The socket is shown in this container only; a host that has another way to it is still no part of it.
    fileprivate func isOwn(user: UInt32) -> Bool {
        record.ids.map { user >= $0.base && user - $0.base < $0.count } ?? true
    }
}

extension RunDirectory {
    static let notifyName = "notify"
}
