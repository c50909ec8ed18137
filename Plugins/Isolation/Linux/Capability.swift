/// A part of root's power, by the kernel's number (`CAP_*` of `<linux/capability.h>`).
enum Capability: UInt64 {
    case changeOwner = 0
    case overrideAccess = 1
    case fileOwner = 3
    case keepSetID = 4
    case kill = 5
    case setGroup = 6
    case setUser = 7
    case setCapabilities = 8
    case bindLowPort = 10
    case rawNetwork = 13
    case changeRoot = 18
    case makeNode = 27
    case writeAudit = 29
    case setFileCapabilities = 31

    var bit: UInt64 { 1 << rawValue }

    /// The fourteen that images have come to rely on. All of them count in the container's user namespace only.
    static let standard: [Capability] = [
        .changeOwner, .overrideAccess, .fileOwner, .keepSetID, .kill, .setGroup, .setUser, .setCapabilities,
        .bindLowPort, .rawNetwork, .changeRoot, .makeNode, .writeAudit, .setFileCapabilities,
    ]
}
