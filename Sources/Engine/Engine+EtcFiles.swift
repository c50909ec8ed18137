internal import Drivers
internal import Linux
internal import Model

/// What a container's files for /etc say of its networks.
struct Bearings: Equatable {
    /// The whole text of resolv.conf.
    var resolvConf: String
    /// The lines of hosts with its own name.
    var ownLines: [String]
}

extension Engine {
    /// A container asks the name server of the first of its networks that has one, before those without a way out: it
    /// knows the names of all its networks. Where none answers there are the servers that the container wants, else the
    /// host's.
    ///
    /// - Parameter fallback: the host's text, where no connection tells it.
    func bearings(of container: Container, _ fallback: String = "") -> Bearings {
        let connections = container.record.connections ?? []
        let answering = connections.filter { !nameServers(of: $0.network).isEmpty }
        let asked = answering.first { networks[$0.network]?.spec.isInternal != true } ?? answering.first
        let text = ResolvConf(
            host: (asked ?? connections.first)?.resolvConf ?? fallback, wishes: container.record.spec.dns,
            servers: asked.map { nameServers(of: $0.network) } ?? []
        ).text
        return Bearings(resolvConf: text, ownLines: EtcFiles.ownLines(of: container))
    }

    /// Writes what has changed since into the files that the container has mounted, and into those of the containers that
    /// share its network; what is wrong with theirs is only told. What programs wrote into hosts stays; resolv.conf is
    /// written as a whole.
    func rewriteFiles(of container: Container, since before: Bearings) throws {
        let now = bearings(of: container)
        try rewriteFiles(of: container.id, from: before, to: now)
        for guest in sharers(of: container) {
            tell("container \(guest.id) does not know the networks that it shares") {
                try rewriteFiles(of: guest.id, from: before, to: now)
            }
        }
    }

    private func rewriteFiles(of id: ContainerID, from before: Bearings, to now: Bearings) throws {
        guard let run = parts.ledger.run(of: id) else { return }
        if now.resolvConf != before.resolvConf { try run.rewrite("resolv.conf") { _ in now.resolvConf } }
        guard now.ownLines != before.ownLines else { return }
        try run.rewrite("hosts") { EtcFiles.hosts($0, replacing: before.ownLines, by: now.ownLines) }
    }

    private func sharers(of container: Container) -> [Container] {
        containers.values.filter { other in
            guard other.process != nil, let target = other.record.spec.connections[0].sharedContainer else {
                return false
            }
            return (try? find(target)) === container
        }
    }
}

extension RunDirectory {
    /// Gives one of the files for /etc another text. In place, for a mount is of the file and not of its name; in one
    /// write that is no shorter than what was there, so that nobody reads a part.
    fileprivate func rewrite(_ name: String, _ edit: (String) -> String) throws(Errno) {
        let file = try files.open(name, [.readWrite, .noFollow])
        let old = try file.readAll(limit: 1 << 20)
        let new = Array(edit(String(decoding: old, as: UTF8.self)).utf8)
        guard new != old else { return }
        let padded = new + [UInt8](repeating: 0x0A, count: max(0, old.count - new.count))
        guard try file.write(padded, at: 0) == padded.count else { throw Errno.noSpace }
        try file.truncate(to: Int64(new.count))
    }
}
