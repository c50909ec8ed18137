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
        case .propagation(let path, let kind, let recursive):
            ["propagation", path, kind.word.description, recursive ? "recursive" : "single"]
        case .mask(let path): ["mask", path]
        case .readOnly(let path): ["read-only", path]
        case .pivot: ["pivot"]
        case .readOnlyRoot: ["read-only-root"]
        case .hostname(let name): ["hostname", name]
        case .resourceLimit(let resource, let soft, let hard):
            ["resource-limit", "\(resource)", "\(soft)", "\(hard)"]
        case .sysctl(let name, let value): ["sysctl", name, value]
        case .oomScore(let score): ["oom-score", "\(score)"]
        case .landlock(let rules): ["landlock"] + rules.fields
        case .label(let module, let text): ["label", module.word.description, text]
        case .pass(let index, let number): ["pass", "\(index)", "\(number)"]
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

    fileprivate enum Verb {
        case loopbackUp, joinNetwork, becomeRoot, privateMounts, attachRoot, mount, bindPath, bindDescriptor, device
        case symlink, mask, readOnly, pivot, readOnlyRoot, hostname, resourceLimit, user, capabilities
        case noNewPrivileges, seccomp, workingDirectory, exec, propagation, sysctl, oomScore, landlock, label, pass
    }

    private static let verbs: [(word: StaticString, value: Verb)] = [
        ("loopback-up", .loopbackUp), ("join-network", .joinNetwork), ("become-root", .becomeRoot),
        ("private-mounts", .privateMounts), ("attach-root", .attachRoot), ("mount", .mount), ("bind-path", .bindPath),
        ("bind-descriptor", .bindDescriptor), ("device", .device), ("symlink", .symlink), ("mask", .mask),
        ("read-only", .readOnly), ("pivot", .pivot), ("read-only-root", .readOnlyRoot), ("hostname", .hostname),
        ("resource-limit", .resourceLimit), ("user", .user), ("capabilities", .capabilities),
        ("no-new-privileges", .noNewPrivileges), ("seccomp", .seccomp), ("working-directory", .workingDirectory),
        ("exec", .exec), ("propagation", .propagation), ("sysctl", .sysctl), ("oom-score", .oomScore),
        ("landlock", .landlock), ("label", .label), ("pass", .pass),
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
        case .propagation, .sysctl, .oomScore, .landlock, .label, .pass: self = try reader.refinement(entry.value)
        case .exec:
            self = .exec(path: try reader.text(), arguments: try reader.texts(), environment: try reader.texts())
        }
    }
}

extension Propagation {
    fileprivate static let words: [(word: StaticString, value: Propagation)] = [
        ("private", .private), ("slave", .slave), ("shared", .shared),
    ]

    fileprivate var word: StaticString {
        switch self {
        case .private: "private"
        case .slave: "slave"
        case .shared: "shared"
        }
    }
}

extension LabelModule {
    fileprivate static let words: [(word: StaticString, value: LabelModule)] = [
        ("apparmor", .apparmor), ("selinux", .selinux),
    ]

    fileprivate var word: StaticString {
        switch self {
        case .apparmor: "apparmor"
        case .selinux: "selinux"
        }
    }
}

extension LandlockRules {
    fileprivate var fields: [String] {
        ["\(files)", "\(network)", "\(scope)", "\(paths.count)"] + paths.flatMap { [$0.path, "\($0.access)"] }
            + ["\(ports.count)"] + ports.flatMap { ["\($0.port)", "\($0.access)"] }
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

    /// The steps that few launches have.
    fileprivate mutating func refinement(_ verb: LaunchStep.Verb) throws(Refusal) -> LaunchStep {
        switch verb {
        case .propagation:
            return .propagation(
                try text(), try word(among: Propagation.words),
                recursive: try word(among: [("recursive", true), ("single", false)]))
        case .sysctl: return .sysctl(name: try sysctlName(), value: try text())
        case .oomScore: return .oomScore(try signedNumber())
        case .landlock: return .landlock(try landlock())
        case .label: return .label(try word(among: LabelModule.words), try text())
        case .pass: return .pass(try descriptor(), at: try descriptor())
        default: throw Refusal()
        }
    }

    /// Names below /proc/sys: nothing that leads out of it.
    private mutating func sysctlName() throws(Refusal) -> String {
        let name = try text()
        for part in name.utf8.split(separator: UInt8(ascii: "/"), omittingEmptySubsequences: false)
        where part.isEmpty || part.elementsEqual("..".utf8) || part.elementsEqual(".".utf8) {
            throw Refusal()
        }
        return name
    }

    private mutating func signedNumber() throws(Refusal) -> Int {
        let field = try text()
        guard field.utf8.first == UInt8(ascii: "-") else {
            guard let value = Int(decimal: field) else { throw Refusal() }
            return value
        }
        guard let value = Int(decimal: String(decoding: field.utf8.dropFirst(), as: UTF8.self)) else { throw Refusal() }
        return 0 - value
    }

    private mutating func landlock() throws(Refusal) -> LandlockRules {
        var rules = LandlockRules(files: try number(), network: try number(), scope: try number())
        let paths: UInt16 = try number()
        for _ in 0..<paths {
            rules.paths.append(LandlockRules.PathRule(path: try text(), access: try number()))
        }
        let ports: UInt16 = try number()
        for _ in 0..<ports {
            rules.ports.append(LandlockRules.PortRule(port: try number(), access: try number()))
        }
        return rules
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
