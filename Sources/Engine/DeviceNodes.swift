internal import Drivers
internal import Linux
internal import Model

/// A device of the host as a container shall see it.
struct GrantedDevice: Sendable, Hashable {
    var number: DeviceNumber
    var isBlock: Bool
    /// Where it appears.
    var target: String
    var access: DeviceFilter.Access
    /// Permission bits and owner, as the container shall see them.
    var mode: UInt32
    var uid: UInt32
    var gid: UInt32

    var rule: DeviceFilter.Rule {
        DeviceFilter.Rule(isBlock: isBlock, major: number.major, minor: number.minor, access: access)
    }
}

/// Makes device nodes for containers: of their own, so that owner and mode are right inside the user namespace, and the
/// host's node stays what it is.
enum DeviceNodes {
    /// A mount for each device, in order. The nodes lie on a tmpfs that lives as long as the mounts.
    static func make(_ devices: [GrantedDevice], ids: IDRange?) throws -> [PlannedMount] {
        guard !devices.isEmpty else { return [] }
        // Clones of a mount that is attached nowhere need Linux 6.15.
        let thread = try PrivateMountThread(minimal: true)
        return try thread.run {
            try Mount.attach(try FileSystemContext("tmpfs").mount([.noSetUID, .noExecute]), at: "/root")
            defer { try? Mount.detach("/root") }
            let room = try Directory(path: "/root")
            return try devices.enumerated().map { index, device in
                try node(device, named: "\(index)", in: room, ids: ids)
            }
        }
    }

    private static func node(
        _ device: GrantedDevice, named name: String, in room: Directory, ids: IDRange?
    ) throws -> PlannedMount {
        try room.makeNode(name, device.number, isBlock: device.isBlock, mode: device.mode)
        // An owner that the container has no number for is its root.
        let count = ids?.count ?? .max
        let base = ids?.base ?? 0
        try room.changeOwner(
            name, uid: base + (device.uid < count ? device.uid : 0), gid: base + (device.gid < count ? device.gid : 0))
        let mount = try Mount.clone(of: room.open(name, .path)).shared()
        return PlannedMount(.mount(mount), target: device.target, isDevice: true)
    }
}

extension DeviceFilter {
    /// What every container may use: the harmless devices, terminals, and making any node, which gives no access.
    static func standard(and devices: [GrantedDevice]) -> DeviceFilter {
        let memory = [3, 5, 7, 8, 9].map { Rule(isBlock: false, major: 1, minor: $0) }
        let terminals = [
            Rule(isBlock: false, major: 5, minor: 0), Rule(isBlock: false, major: 5, minor: 1),
            Rule(isBlock: false, major: 5, minor: 2), Rule(isBlock: false, major: 136),
        ]
        return DeviceFilter(rules: memory + terminals + devices.map(\.rule) + [Rule(access: .make)])
    }
}
