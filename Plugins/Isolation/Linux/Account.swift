import Model

/// Who the program runs as, inside the container.
struct Account: Hashable {
    var uid: UInt32
    var gid: UInt32
    /// Supplementary groups.
    var groups: [UInt32]
    var home: String

    /// More than this many supplementary groups are dropped; an image could name 65,536 and slow each start.
    static let groupLimit = 1024

    /// Finds `user`, `uid`, `user:group` or `uid:gid`; an empty user is root.
    ///
    /// A number needs no line in passwd. With a group named, the user's other groups are left out, as docker does.
    /// `more` are groups by name or number, had beside the user's own. Throws `container.user_not_found` for an unknown
    /// name, or for an id that `ids` doesn't hold.
    init(
        _ wanted: String, groups more: [String] = [], in accounts: Accounts, ids: IDRange?
    ) throws(AgentError) {
        let parts = wanted.split(separator: ":", maxSplits: 1, omittingEmptySubsequences: false).map(String.init)
        let name = parts.first ?? ""
        let user = try Self.user(name.isEmpty ? "0" : name, in: accounts)
        let namedGroup = parts.count > 1 && !parts[1].isEmpty ? parts[1] : nil
        uid = user.uid
        gid = try namedGroup.map { name throws(AgentError) in try Self.group(name, in: accounts) } ?? user.gid
        let count = ids?.count ?? .max
        groups = namedGroup == nil ? Self.supplementary(user, in: accounts).filter { $0 < count } : []
        for name in more {
            let group = try Self.group(name, in: accounts)
            guard group < count else {
                throw AgentError(
                    .containerUserNotFound, "group \(group) is beyond the container's ids, which end at \(count - 1)")
            }
            if group != gid, !groups.contains(group) { groups.append(group) }
        }
        home = user.home.hasPrefix("/") ? user.home : "/"
        guard uid < count, gid < count else {
            throw AgentError(
                .containerUserNotFound,
                "user \"\(wanted)\" is \(uid):\(gid), but the container's ids end at \(count - 1): choose a smaller one"
            )
        }
    }

    private static func user(_ text: String, in accounts: Accounts) throws(AgentError) -> Accounts.User {
        if let uid = UInt32(decimal: text) {
            return accounts.users.first { $0.uid == uid } ?? Accounts.User(name: "", uid: uid, gid: 0, home: "/")
        }
        guard let user = accounts.users.first(where: { $0.name == text }) else {
            throw unknown("user", text, file: "/etc/passwd", accounts)
        }
        return user
    }

    private static func group(_ text: String, in accounts: Accounts) throws(AgentError) -> UInt32 {
        if let gid = UInt32(decimal: text) { return gid }
        guard let group = accounts.groups.first(where: { $0.name == text }) else {
            throw unknown("group", text, file: "/etc/group", accounts)
        }
        return group.gid
    }

    private static func supplementary(_ user: Accounts.User, in accounts: Accounts) -> [UInt32] {
        guard !user.name.isEmpty else { return [] }
        var seen: Set = [user.gid]
        return Array(accounts.groups(of: user.name).filter { seen.insert($0).inserted }.prefix(groupLimit))
    }

    private static func unknown(_ kind: String, _ name: String, file: String, _ accounts: Accounts) -> AgentError {
        AgentError(
            .containerUserNotFound,
            "\(kind) \"\(name)\" is not in the image's \(file): name one that is, or give its number",
            cause: accounts.problems)
    }
}
