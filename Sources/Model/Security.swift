/// Where a container's walls shall differ from the standard ones.
public struct SecuritySpec: Sendable, Hashable, Codable {
    /// Every wall down that a program may ask for: see `isolation.explain`.
    public var privileged: Bool?
    /// Names such as `NET_ADMIN` or `ALL`.
    public var capAdd: [String]?
    public var capDrop: [String]?
    /// An absolute path on the host to a profile in docker's JSON form, or `unconfined`.
    public var seccomp: String?
    /// Whether set-uid programs and file capabilities can give nothing; default true.
    public var noNewPrivileges: Bool?
    /// The name of a profile that the host has loaded, or `unconfined`.
    public var apparmor: String?
    /// The label of the process, as `user:role:type:level`.
    public var selinux: String?
    public var landlock: LandlockSpec?
    public var userns: UserNamespaceSpec?
    /// Paths of the standard list that shall be shown, or `ALL`.
    public var unmask: [String]?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case privileged, seccomp, apparmor, selinux, landlock, userns, unmask
        case capAdd = "cap_add"
        case capDrop = "cap_drop"
        case noNewPrivileges = "no_new_privileges"
    }
}

/// Rules of Landlock beside or instead of the standard ones.
public struct LandlockSpec: Sendable, Hashable, Codable {
    /// Drop it all.
    public var off: Bool?
    /// With any of these the program may only read and execute below them, and write below `readWrite`.
    public var readOnly: [String]?
    public var readWrite: [String]?
    /// With any of these the program may bind TCP ports of this list alone.
    public var bindPorts: [Int]?
    /// With any of these the program may connect to TCP ports of this list alone.
    public var connectPorts: [Int]?

    public init() {}

    enum CodingKeys: String, CodingKey {
        case off
        case readOnly = "read_only"
        case readWrite = "read_write"
        case bindPorts = "bind_ports"
        case connectPorts = "connect_ports"
    }
}

/// Which ids of the host a container's ids are.
public struct UserNamespaceSpec: Sendable, Hashable, Codable {
    public enum Mode: String, Sendable, Hashable, Codable, CaseIterable {
        /// A block of its own, 65536 ids that no other running container has.
        case auto
        /// The host's ids: no user namespace.
        case host
        /// From `first` on.
        case range
    }

    public var mode: Mode
    /// The first host id, for `range`.
    public var first: Int?
    /// How many, for `range`; default 65536.
    public var count: Int?

    public init(_ mode: Mode, first: Int? = nil, count: Int? = nil) {
        self.mode = mode
        self.first = first
        self.count = count
    }
}
