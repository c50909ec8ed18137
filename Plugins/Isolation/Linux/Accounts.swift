/// The accounts that an image's /etc/passwd and /etc/group tell of.
///
/// A line that isn't of the known form is skipped: the files are the image's, and C libraries skip it too.
struct Accounts {
    struct User: Hashable {
        var name: String
        var uid: UInt32
        var gid: UInt32
        var home: String
    }

    struct Group: Hashable {
        var name: String
        var gid: UInt32
        var members: [String]
    }

    var users: [User]
    var groups: [Group]
    /// Why a file could not be read; it then counts as empty.
    var problems: [String] = []

    init(passwd: [UInt8], group: [UInt8]) {
        users = Self.lines(passwd).compactMap(Self.user)
        groups = Self.lines(group).compactMap(Self.group)
    }

    /// The groups that list a user by name.
    func groups(of name: String) -> [UInt32] {
        groups.filter { $0.members.contains(name) }.map(\.gid)
    }

    private static func lines(_ bytes: [UInt8]) -> [[ArraySlice<UInt8>]] {
        bytes.split(separator: UInt8(ascii: "\n")).map {
            $0.split(separator: UInt8(ascii: ":"), omittingEmptySubsequences: false)
        }
    }

    /// `name:password:uid:gid:comment:home:shell`
    private static func user(_ fields: [ArraySlice<UInt8>]) -> User? {
        guard fields.count >= 6, !fields[0].isEmpty, let uid = identifier(fields[2]), let gid = identifier(fields[3])
        else { return nil }
        return User(name: text(fields[0]), uid: uid, gid: gid, home: text(fields[5]))
    }

    /// `name:password:gid:member,member`
    private static func group(_ fields: [ArraySlice<UInt8>]) -> Group? {
        guard fields.count >= 3, !fields[0].isEmpty, let gid = identifier(fields[2]) else { return nil }
        let members = fields.count > 3 ? fields[3].split(separator: UInt8(ascii: ",")).map(text) : []
        return Group(name: text(fields[0]), gid: gid, members: members)
    }

    private static func text(_ bytes: ArraySlice<UInt8>) -> String { String(decoding: bytes, as: UTF8.self) }

    private static func identifier(_ bytes: ArraySlice<UInt8>) -> UInt32? { UInt32(decimal: text(bytes)) }
}

extension UInt32 {
    /// Decimal digits alone, without a sign, and not the "no change" value of the system calls.
    init?(decimal text: String) {
        guard !text.isEmpty, text.utf8.allSatisfy({ (0x30...0x39).contains($0) }), let value = UInt32(text),
            value != .max
        else { return nil }
        self = value
    }
}

extension Accounts {
    /// Reads them from an image's root, and no more than 1 MiB of each.
    init(root: ImageRoot) {
        var problems: [String] = []
        let contents = ["etc/passwd", "etc/group"].map { path in
            do {
                return try root.read(path, limit: 1 << 20) ?? []
            } catch {
                problems.append("\(path): \(error)")
                return []
            }
        }
        self.init(passwd: contents[0], group: contents[1])
        self.problems = problems
    }
}
