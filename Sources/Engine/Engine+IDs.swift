internal import Drivers
internal import Linux
internal import Model

extension Engine {
    /// The host ids that a container's ids shall be; `nil` for the host's own.
    func takeIDs(for container: Container) throws(AgentError) -> IDRange? {
        container.undo.append(.ids)
        let security = container.record.spec.security
        let block: IDRange?
        switch security.userNamespace {
        case .host: block = nil
        case .range: block = try IDRange(asked: security?.userns)
        case .auto: block = try ids.take()
        }
        container.record.ids = block
        return block
    }

    /// One namespace for each block, kept: it holds no process, only a map, so it serves every container of that block.
    func idMap(for block: IDRange) throws -> Descriptor {
        if let map = idMaps[block] { return map }
        // The second line lets the host's root own overlayfs' work directory through the id-mapped mount.
        let lines = [
            IDMapping(inside: 0, outside: block.base, count: block.count),
            IDMapping(inside: block.count, outside: 0, count: 1),
        ]
        let map = try UserNamespace.make(uidMap: lines, gidMap: lines)
        // The lowest blocks are used most; a burst of starts must not leave a descriptor for each block it touched.
        if idMaps.count < 64 { idMaps[block] = map }
        return map
    }
}

extension Container {
    /// Whether its ids come from the pool, and go back there.
    var ownsBlock: Bool { record.spec.security.userNamespace == .auto }
}

extension SecuritySpec? {
    /// Privileged has the host's ids unless others were asked for.
    var userNamespace: UserNamespaceSpec.Mode {
        self?.userns?.mode ?? (self?.privileged == true ? .host : .auto)
    }
}

extension IDRange {
    /// Throws `request.invalid` for ids that can't be.
    init(asked spec: UserNamespaceSpec?) throws(AgentError) {
        let (first, count) = (spec?.first ?? -1, spec?.count ?? 65536)
        // The last number is "no change" to the kernel, and the one before it is left for the line of the host's root.
        guard first > 0, count > 0, first <= Int(UInt32.max) - 2, count <= Int(UInt32.max) - 2 - first else {
            throw AgentError(
                .requestInvalid,
                "security.userns.range needs first, 1 at least, and count, 1 at least, within 32 bits; for the host's own ids "
                    + "say host")
        }
        self.init(base: UInt32(first), count: UInt32(count))
    }
}
