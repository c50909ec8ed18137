import Drivers
import LaunchPlan
import Linux
import Model
import Testing

@testable import IsolationLinux

struct WallsTests {
    private let host = HostFacts(
        openFiles: 524_288, mostAllowed: [7: 1_048_576], landlock: 7, hasAppArmor: false, hasSELinux: false,
        capabilities: .all, kernel: KernelVersion("6.18.44"))
    private let filters: FilterStore
    private let scratch: Scratch

    init() throws {
        filters = try FilterStore(kernel: host.kernel)
        scratch = try Scratch()
    }

    private func walls(
        isExec: Bool = false, sharesNetwork: Bool = false, on host: HostFacts? = nil,
        _ fill: (inout IsolationOptions, inout SecuritySpec) -> Void = { _, _ in }
    ) throws -> Walls {
        var (options, security) = (IsolationOptions(), SecuritySpec())
        fill(&options, &security)
        options.security = security
        let place = Walls.Place(hasUserNamespace: true, sharesNetwork: sharesNetwork, isExec: isExec)
        return try Walls(options, in: place, on: host ?? self.host, filters: filters)
    }

    private func refusal(_ fill: (inout IsolationOptions, inout SecuritySpec) -> Void) -> AgentError? {
        #expect(throws: AgentError.self) { try walls(fill) }
    }

    @Test(
        arguments: [
            (["NET_ADMIN"], [], 0xA804_35FB),
            (["cap_net_admin"], ["NET_RAW"], 0xA804_15FB),
            ([], ["ALL"], 0),
            (["CHOWN"], ["all"], 1),
            (["ALL"], ["CHOWN"], 0x1FF_FFFF_FFFE),
            (["CHOWN"], ["CHOWN"], 0xA804_25FB),
        ] as [([String], [String], UInt64)])
    func `capabilities are dropped, then added`(add: [String], drop: [String], bits: UInt64) throws {
        let walls = try walls { _, security in (security.capAdd, security.capDrop) = (add, drop) }
        #expect(walls.capabilities.rawValue == bits)
    }

    @Test func `a capability that is none is refused with the nearest`() {
        let error = refusal { _, security in security.capAdd = ["NET_ADMN"] }
        #expect(error?.code == .securityRefused)
        #expect(error?.message.contains("NET_ADMIN") == true)
    }

    @Test(arguments: [
        ("SYS_ADMIN", ["mount", "unshare", "setns", "clone3", "bpf"]), ("SYS_PTRACE", ["process_vm_readv", "kcmp"]),
        ("SYS_TIME", ["clock_settime"]), ("SYS_MODULE", ["finit_module"]), ("SYSLOG", ["syslog"]), ("BPF", ["bpf"]),
        ("PERFMON", ["perf_event_open"]),
    ])
    func `a capability opens its calls and no other`(name: String, calls: [String]) throws {
        let opened = SyscallProfile.standard.opened(for: try Capabilities(named: name)).verdicts(native: true)
        let standard = SyscallProfile.standard.verdicts(native: true)
        for call in calls {
            #expect(standard[call] != .always(.allow), "\(call)")
            #expect(opened[call] == .always(.allow), "\(call)")
        }
        #expect(opened["keyctl"] == .always(.fail(.notPermitted)))
        #expect(SyscallProfile.standard.opened(for: "NET_ADMIN").verdicts(native: true) == standard)
    }

    @Test func `privileged takes the walls down`() throws {
        let walls = try walls { _, security in security.privileged = true }
        #expect(walls.capabilities == .all)
        #expect(walls.filter == nil && walls.landlock == nil && !walls.noNewPrivileges)
        #expect(walls.masked.isEmpty && walls.readOnly.isEmpty)
    }

    @Test func `without a user namespace nobody gets what the agent lacks`() throws {
        var host = host
        host.capabilities = ["CHOWN"]
        var options = IsolationOptions()
        options.security = SecuritySpec()
        options.security?.privileged = true
        let place = Walls.Place(hasUserNamespace: false, sharesNetwork: true)
        #expect(try Walls(options, in: place, on: host, filters: filters).capabilities == ["CHOWN"])
    }

    @Test func `what is hidden can be shown, and a stranger is refused`() throws {
        #expect(try walls { $1.unmask = ["/proc/kcore"] }.masked.contains("/proc/kcore") == false)
        #expect(try walls { $1.unmask = ["ALL"] }.readOnly.isEmpty)
        #expect(refusal { $1.unmask = ["/etc"] }?.code == .securityRefused)
    }

    @Test(arguments: [("docker-default", nil), (nil, "system_u:system_r:container_t:s0")] as [(String?, String?)])
    func `a label needs its module`(apparmor: String?, selinux: String?) throws {
        #expect(refusal { ($1.apparmor, $1.selinux) = (apparmor, selinux) }?.code == .securityRefused)
        var able = host
        (able.hasAppArmor, able.hasSELinux) = (true, true)
        #expect(try walls(on: able) { ($1.apparmor, $1.selinux) = (apparmor, selinux) }.label != nil)
        #expect(try walls { ($1.apparmor, $1.selinux) = ("unconfined", "disable") }.label == nil)
    }

    @Test(arguments: [
        ("davit-test", true), ("one", true), ("two words", false), ("one (enforce)", false), ("stranger", false),
        ("parent//child", true), ("parent", false), ("one//&stranger", true), (":other:stranger", true),
    ])
    func `a profile of AppArmor must be loaded, where that can be known`(profile: String, isLoaded: Bool) throws {
        var able = host
        able.hasAppArmor = true
        able.profiles = {
            AppArmorProfiles(
                list: "davit-test (enforce)\none (complain)\ntwo words (enforce)\nparent//child (unconfined)\n"
                    + "stranger\nstranger(enforce)\n(enforce)\n\n")
        }
        if isLoaded {
            #expect(try walls(on: able) { $1.apparmor = profile }.label?.text == profile)
        } else {
            let error = #expect(throws: AgentError.self) { try walls(on: able) { $1.apparmor = profile } }
            #expect(error?.code == .securityRefused)
        }
        able.profiles = { nil }
        #expect(try walls(on: able) { $1.apparmor = "stranger" }.label?.text == "stranger")
    }

    @Test(arguments: [
        ("kernel.shmmax", "kernel/shmmax"), ("net.core.somaxconn", "net/core/somaxconn"),
        ("net/ipv4/ip_forward", "net/ipv4/ip_forward"), ("net.ipv4.conf.eth0/1.mtu", "net/ipv4/conf/eth0.1/mtu"),
        ("fs.mqueue.msg_max", "fs/mqueue/msg_max"),
    ])
    func `a setting of the container's own is written`(name: String, path: String) throws {
        #expect(try walls { options, _ in options.sysctls = [name: "1"] }.sysctls.map(\.path) == [path])
    }

    @Test(arguments: [
        "kernel.core_pattern", "vm.swappiness", "kernel.shm/../core_pattern", "net/../kernel/panic", "net",
        "fs.mqueue..x",
        "",
    ])
    func `a setting of the host is refused`(name: String) {
        #expect(refusal { options, _ in options.sysctls = [name: "1"] }?.code == .securityRefused)
    }

    @Test func `a shared network keeps its settings`() {
        let error = #expect(throws: AgentError.self) {
            try walls(sharesNetwork: true) { options, _ in options.sysctls = ["net.core.somaxconn": "1"] }
        }
        #expect(error?.code == .securityRefused)
    }

    @Test(
        arguments: [
            (ResourceLimit(name: "nofile", soft: 10, hard: 20), nil),
            (ResourceLimit(name: "core", soft: -1, hard: -1), nil),
            (ResourceLimit(name: "nofile", soft: 10, hard: -1), .limitUnavailable),
            (ResourceLimit(name: "nofile", soft: 20, hard: 10), .requestInvalid),
            (ResourceLimit(name: "no-file", soft: 1, hard: 1), .requestInvalid),
        ] as [(ResourceLimit, ErrorCode?)])
    func `a resource limit is one that the host can give`(limit: ResourceLimit, code: ErrorCode?) throws {
        guard code == nil else {
            #expect(refusal { options, _ in options.resourceLimits = [limit] }?.code == code)
            return
        }
        let steps = try walls { options, _ in options.resourceLimits = [limit] }.limits.steps
        let (soft, hard) = (UInt64(bitPattern: limit.soft), UInt64(bitPattern: limit.hard))
        #expect(steps.contains(.resourceLimit(resource: limit.number ?? -1, soft: soft, hard: hard)))
    }
}

// MARK: Landlock
extension WallsTests {
    @Test func `rules that were asked for are kept, also beside the first program`() throws {
        for isExec in [false, true] {
            let rules = try walls(isExec: isExec) { _, security in
                security.landlock = LandlockSpec()
                security.landlock?.readOnly = ["/usr"]
                security.landlock?.bindPorts = [80]
            }.landlock
            #expect(rules?.files == 0xFFFF)
            #expect(rules?.paths.contains(.init(path: "/usr", access: 0b1101)) == true)
            #expect(rules?.network == 1)
            #expect(rules?.ports == [.init(port: 80, access: 1)])
        }
    }

    @Test func `a rule that this kernel can't keep is refused`() {
        var old = host
        old.landlock = 2
        #expect(throws: AgentError.self) {
            try walls(on: old) { _, security in
                security.landlock = LandlockSpec()
                security.landlock?.connectPorts = [443]
            }
        }
    }

    @Test func `nobody makes devices, and others' abstract sockets are out of reach`() throws {
        let rules = try walls().landlock
        #expect(rules?.files == 1 << 6 | 1 << 11 | 1 << 13)
        // Without it no file could be renamed from one directory to another.
        #expect(rules?.paths == [.init(path: "/", access: 1 << 13)])
        #expect(rules?.scope == 0)
        #expect(try walls(sharesNetwork: true).landlock?.scope == 1)
        var old = host
        old.landlock = 1
        #expect(try walls(on: old).landlock == nil)
    }

    @Test func `who may mount is in no domain`() throws {
        #expect(try walls { _, security in security.capAdd = ["SYS_ADMIN"] }.landlock == nil)
        #expect(try walls(isExec: true).landlock == nil)
        let off = try walls { _, security in
            security.landlock = LandlockSpec()
            security.landlock?.off = true
        }
        #expect(off.landlock == nil)
    }
}

// MARK: Written profiles
extension WallsTests {
    private func written(_ text: String, adding: [String] = []) throws -> Walls {
        try scratch.directory.replaceFile("profile.json", Array(text.utf8))
        return try walls { _, security in
            security.seccomp = "\(scratch.path)/profile.json"
            security.capAdd = adding
        }
    }

    private static let profile = """
        {"defaultAction": "SCMP_ACT_ERRNO", "defaultErrnoRet": 1, "comment": "no matter",
         "archMap": [{"architecture": "SCMP_ARCH_X86_64", "subArchitectures": ["SCMP_ARCH_X86"]}],
         "syscalls": [
            {"names": ["read", "write", "exit_group", "no_such_call"], "action": "SCMP_ACT_ALLOW"},
            {"names": ["personality"], "action": "SCMP_ACT_ALLOW",
             "args": [{"index": 0, "value": 8, "valueTwo": 0, "op": "SCMP_CMP_EQ"}]},
            {"names": ["mount"], "action": "SCMP_ACT_ALLOW", "includes": {"caps": ["CAP_SYS_ADMIN"]}},
            {"names": ["ptrace"], "action": "SCMP_ACT_ALLOW", "includes": {"minKernel": "4.8"}},
            {"names": ["kcmp"], "action": "SCMP_ACT_ALLOW", "excludes": {"caps": ["CAP_SYS_ADMIN"]}}
         ]}
        """

    @Test func `a profile in docker's form is compiled, once for each set of capabilities`() throws {
        let filter = try written(Self.profile).filter
        #expect(try written(Self.profile).filter?.rawValue == filter?.rawValue)
        let opened = try written(Self.profile, adding: ["SYS_ADMIN"]).filter
        #expect(opened?.rawValue != filter?.rawValue)
        for filter in [filter, opened] {
            let size = try #require(try filter?.status().size)
            #expect(size > 0 && size % 8 == 0)
        }
    }

    @Test(arguments: [
        "", "[]", "{}", #"{"defaultAction": "SCMP_ACT_NOTIFY"}"#,
        #"{"defaultAction": "SCMP_ACT_ERRNO", "syscalls": [{"names": ["read"], "action": "ALLOW"}]}"#,
        #"{"defaultAction": "SCMP_ACT_ALLOW", "syscalls": [{"names": ["read"], "action": "SCMP_ACT_ERRNO", "#
            + #""args": [{"index": 6, "value": 0, "op": "SCMP_CMP_EQ"}]}]}"#,
    ])
    func `what is no profile is refused`(text: String) {
        let error = #expect(throws: AgentError.self) { try written(text) }
        #expect(error?.code == .securityRefused)
    }

    @Test(arguments: ["profile.json", "/nowhere/profile.json", "/dev/zero", "/tmp"])
    func `what can't be read is refused`(path: String) {
        #expect(refusal { $1.seccomp = path }?.code == .securityRefused)
    }

    @Test func `unconfined is no filter`() throws {
        #expect(try walls { $1.seccomp = "unconfined" }.filter == nil)
    }
}

// MARK: What is told of them
extension WallsTests {
    private func explain(
        network: String = "none", userns: Bool = true, _ fill: (inout ContainerSpec) -> Void = { _ in }
    ) async throws -> Explanation {
        var spec = ContainerSpec(image: "debian")
        spec.network = network
        fill(&spec)
        return try await LinuxIsolation().explain(ExplainRequest(spec: spec, hasUserNamespace: userns))
    }

    private func state(_ name: String, _ explanation: Explanation) -> Wall.State? {
        explanation.walls.first { $0.name == name }?.state
    }

    @Test func `each wall has a name of its own and says something`() async throws {
        let walls = try await explain().walls
        #expect(Set(walls.map(\.name)).count == walls.count)
        #expect(walls.count >= 20)
        #expect(walls.allSatisfy { !$0.message.isEmpty && (0...10).contains($0.weight) })
    }

    @Test func `capabilities of which nothing comes on a driver's network are named`() async throws {
        let told = { (network: String, userns: Bool, drop: [String]) async throws -> String in
            let found = try await explain(network: network, userns: userns) { spec in
                var security = SecuritySpec()
                (security.capAdd, security.capDrop) = (["NET_ADMIN"], drop)
                spec.security = security
            }
            return found.walls.first { $0.name == "capabilities" }?.message ?? ""
        }
        #expect(
            try await told("web", true, []).hasSuffix("; on the network web nothing comes of NET_ADMIN and NET_RAW"))
        #expect(try await told("web", true, ["NET_RAW"]).hasSuffix("; on the network web nothing comes of NET_ADMIN"))
        for (network, userns) in [("none", true), ("host", true), ("web", false)] {
            #expect(try await !told(network, userns, []).contains("nothing comes of"))
        }
    }

    @Test func `exposure grows with every wall that is down`() async throws {
        let standard = try await explain()
        #expect(standard.exposure < 2)
        let host = try await explain(network: "host")
        #expect(state("network-namespace", host) == .down)
        let open = try await explain(network: "host", userns: false) {
            $0.security = SecuritySpec(); $0.security?.privileged = true
        }
        #expect(state("privileged", open) == .down && state("seccomp", open) == .down)
        #expect(standard.exposure < host.exposure && host.exposure < open.exposure)
        #expect(open.exposure > 8 && open.exposure <= 10)
    }

    @Test func `a host's directory is told by its path`() async throws {
        let found = try await explain { $0.mounts = [MountSpec(.bind, source: "/etc", target: "/x")] }
        #expect(state("host-paths", found) == .down)
        let mild = try await explain { $0.mounts = [MountSpec(.bind, source: "/srv/a", target: "/x", readOnly: true)] }
        #expect(state("host-paths", mild) == .weakened)
        #expect(mild.walls.contains { $0.message.contains("/srv/a (ro)") })
    }
}
