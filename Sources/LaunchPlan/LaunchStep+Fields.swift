extension LaunchStep {
    /// The text form: a verb and its arguments.
    public var fields: [String] {
        switch self {
        case .loopbackUp: ["loopback-up"]
        case .joinNetwork(let index): ["join-network", "\(index)"]
        case .becomeRoot: ["become-root"]
        case .privateMounts: ["private-mounts"]
        case .attachRoot(let index, let path): ["attach-root", "\(index)", path]
        case .mount(let type, let source, let target, let flags, let data):
            ["mount", type, source, target, flags.text, data]
        case .bind(.path(let path), let target, let recursive, let flags):
            ["bind-path", path, target, recursive ? "recursive" : "single", flags.text]
        case .bind(.descriptor(let index), let target, let recursive, let flags):
            ["bind-descriptor", "\(index)", target, recursive ? "recursive" : "single", flags.text]
        case .device(let name): ["device", name]
        case .symlink(let target, let link): ["symlink", target, link]
        case .mask(let path): ["mask", path]
        case .readOnly(let path): ["read-only", path]
        case .pivot: ["pivot"]
        case .readOnlyRoot: ["read-only-root"]
        case .hostname(let name): ["hostname", name]
        case .resourceLimit(let resource, let soft, let hard):
            ["resource-limit", "\(resource)", "\(soft)", "\(hard)"]
        case .user(let uid, let gid, let groups): ["user", "\(uid)", "\(gid)"] + groups.map { "\($0)" }
        case .capabilities(let bounding, let effective, let ambient):
            ["capabilities", "\(bounding)", "\(effective)", "\(ambient)"]
        case .noNewPrivileges: ["no-new-privileges"]
        case .seccomp(let index): ["seccomp", "\(index)"]
        case .workingDirectory(let path): ["working-directory", path]
        case .exec(let path, let arguments, let environment):
            ["exec", path, "\(arguments.count)"] + arguments + ["\(environment.count)"] + environment
        }
    }

    private enum Verb {
        case loopbackUp, joinNetwork, becomeRoot, privateMounts, attachRoot, mount, bindPath, bindDescriptor, device
        case symlink, mask, readOnly, pivot, readOnlyRoot, hostname, resourceLimit, user, capabilities
        case noNewPrivileges, seccomp, workingDirectory, exec
    }

    private static let verbs: [(word: StaticString, value: Verb)] = [
        ("loopback-up", .loopbackUp), ("join-network", .joinNetwork), ("become-root", .becomeRoot),
        ("private-mounts", .privateMounts), ("attach-root", .attachRoot), ("mount", .mount), ("bind-path", .bindPath),
        ("bind-descriptor", .bindDescriptor), ("device", .device), ("symlink", .symlink), ("mask", .mask),
        ("read-only", .readOnly), ("pivot", .pivot), ("read-only-root", .readOnlyRoot), ("hostname", .hostname),
        ("resource-limit", .resourceLimit), ("user", .user), ("capabilities", .capabilities),
        ("no-new-privileges", .noNewPrivileges), ("seccomp", .seccomp), ("working-directory", .workingDirectory),
        ("exec", .exec),
    ]

    /// Reads the arguments of `verb`; nil when it is none of a step.
    init?(verb: String, _ reader: inout FieldReader) throws(FieldReader.Refusal) {
        guard let entry = Self.verbs.first(where: { verb.says($0.word) }) else { return nil }
        switch entry.value {
        case .loopbackUp: self = .loopbackUp
        case .joinNetwork: self = .joinNetwork(try reader.descriptor())
        case .becomeRoot: self = .becomeRoot
        case .privateMounts: self = .privateMounts
        case .attachRoot: self = .attachRoot(try reader.descriptor(), at: try reader.text())
        case .mount: self = try reader.mount()
        case .bindPath: self = try reader.bind(.path(try reader.text()))
        case .bindDescriptor: self = try reader.bind(.descriptor(try reader.descriptor()))
        case .device: self = .device(try reader.deviceName())
        case .symlink: self = .symlink(target: try reader.text(), link: try reader.text())
        case .mask: self = .mask(try reader.text())
        case .readOnly: self = .readOnly(try reader.text())
        case .pivot: self = .pivot
        case .readOnlyRoot: self = .readOnlyRoot
        case .hostname: self = .hostname(try reader.text())
        case .resourceLimit:
            self = .resourceLimit(
                resource: try reader.descriptor(), soft: try reader.number(), hard: try reader.number())
        case .user: self = .user(uid: try reader.number(), gid: try reader.number(), groups: try reader.numbers())
        case .capabilities:
            self = .capabilities(
                bounding: try reader.number(), effective: try reader.number(), ambient: try reader.number())
        case .noNewPrivileges: self = .noNewPrivileges
        case .seccomp: self = .seccomp(try reader.descriptor())
        case .workingDirectory: self = .workingDirectory(try reader.text())
        case .exec:
            self = .exec(path: try reader.text(), arguments: try reader.texts(), environment: try reader.texts())
        }
    }
}

extension MountFlags {
    static let words: [(word: StaticString, bit: UInt64)] = [
        ("ro", 0x1), ("nosuid", 0x2), ("nodev", 0x4), ("noexec", 0x8), ("noatime", 0x10), ("strictatime", 0x20),
    ]

    /// As `ro,nosuid`; "-" when nothing is set.
    var text: String { bitWords(of: rawValue, Self.words) }
}

extension FieldReader {
    fileprivate mutating func mountFlags() throws(Refusal) -> MountFlags {
        MountFlags(rawValue: try bits(MountFlags.words))
    }

    fileprivate mutating func mount() throws(Refusal) -> LaunchStep {
        .mount(
            type: try text(), source: try text(), target: try text(), flags: try mountFlags(), data: try text())
    }

    fileprivate mutating func bind(_ source: BindSource) throws(Refusal) -> LaunchStep {
        .bind(
            source, target: try text(), recursive: try word(among: [("recursive", true), ("single", false)]),
            flags: try mountFlags())
    }

    /// One name in /dev: a path would leave it.
    fileprivate mutating func deviceName() throws(Refusal) -> String {
        let name = try text()
        guard !name.utf8.isEmpty, !name.utf8.contains(UInt8(ascii: "/")), !name.says(".."), !name.says(".") else {
            throw Refusal()
        }
        return name
    }
}
