import Drivers
import IsolationLinux
import LaunchPlan
import Linux
import Model
import StorageOverlay
import TestSupport
import Testing

extension KernelTests {
    /// A program run by the monitor behind the walls that the two drivers build.
    @Suite(.enabled(if: MonitorProgram.found != nil, "needs davit-monitor beside the tests"))
    struct LaunchTests {
        private let scratch: Scratch
        private let storage: OverlayStorage
        private let isolation: LinuxIsolation
        private let layer: LayerID
        private let thread: PrivateMountThread
        private let ids = IDRange(base: 1_000_000)

        init() async throws {
            scratch = try Scratch()
            storage = try OverlayStorage(OverlayConfiguration(root: "\(scratch.path)/storage"))
            isolation = try LinuxIsolation()
            layer = try LayerID(String(repeating: "a", count: 64))
            thread = try PrivateMountThread(minimal: true)
            for name in ["hostname", "hosts", "resolv.conf"] {
                try scratch.directory.makeDirectories("files").replaceFile(name, Array("agent's \(name)\n".utf8))
            }
            try scratch.directory.makeDirectories("run")
            try scratch.directory.makeDirectories("log")
        }

        private func makeImage(_ fill: (Directory) throws -> Void = { _ in }) async throws {
            let root = Directory(try await storage.beginLayer(layer).directory)
            let bin = try root.makeDirectories("bin")
            try bin.replaceFile("busybox", Directory(path: "/bin").read("busybox", limit: 8 << 20), mode: 0o755)
            try bin.symlink("busybox", at: "sh")
            try root.makeDirectories("etc")
            try fill(root)
            try await storage.commitLayer(layer)
        }

        /// What a shell script says in a container.
        private func output(
            of script: String, user: String = "", network: Drivers.Attachment.Namespace = .born, readOnly: Bool = false,
            options: IsolationOptions? = nil, sharesIDs: Bool = false
        ) async throws -> String {
            let container = ContainerID.random()
            let ids = sharesIDs ? nil : self.ids
            let lines = [
                IDMapping(inside: 0, outside: self.ids.base, count: self.ids.count),
                IDMapping(inside: 65536, outside: 0, count: 1),
            ]
            let rootfs = try await storage.prepareRootfs(
                RootfsRequest(
                    container: container, layers: [layer], readOnly: readOnly, ids: ids,
                    idMap: sharesIDs ? nil : UserNamespace.make(uidMap: lines, gidMap: lines), ephemeral: true))
            let process = ProcessSpec(
                arguments: ["/bin/busybox", "sh", "-c", script], environment: ["PATH=/bin"], workingDirectory: "/",
                user: user, hostname: "box", readOnlyRoot: readOnly)
            var request = PlanRequest(
                container: container, process: process, limits: Limits(), ids: ids, network: network,
                root: rootfs.mount, files: try scratch.directory.directory("files").descriptor)
            request.options = options
            let told = try run(try await isolation.plan(request))
            #expect(told.first?.first == "launched", "\(told)")
            try await storage.removeRootfs(container)
            return try written()
        }

        /// Runs a plan to its end; answers the monitor's messages, each as its words.
        private func run(_ isolation: IsolationPlan) throws -> [[String]] {
            var plan = isolation.plan
            plan.run = isolation.descriptors.count
            plan.log = Log(directory: plan.run + 1, maxBytes: 1 << 20, files: 1)
            plan.stdio.output = .relay(copyTo: nil)
            plan.stdio.error = .relay(copyTo: nil)
            let memory = try MemoryFile.sealed(plan.encoded())
            let control = try SocketPair(.sequencedPackets)
            let own = try [scratch.directory.directory("run"), scratch.directory.directory("log")].map(\.descriptor)
            let descriptors =
                [memory.rawValue, control.b.rawValue, control.a.rawValue]
                + (isolation.descriptors + own).map(\.rawValue)
            let program = try #require(MonitorProgram.found)
            let monitor = try thread.run { () throws(Errno) in
                try Process.spawn(
                    executable: program.rawValue, arguments: ["davit-monitor"], environment: [],
                    descriptors: descriptors
                ).shared()
            }
            let messages = try Self.messages(control.a)
            try monitor.end()
            withExtendedLifetime((own, control.b)) {}
            return messages
        }

        private static func messages(_ control: Descriptor) throws -> [[String]] {
            var messages: [[String]] = []
            while try control.waitReadable(milliseconds: 5000) {
                let words = try control.receive(upTo: 4096, maxDescriptors: 4).0.split(separator: 0)
                if words.isEmpty { break }
                messages.append(words.map { String(decoding: $0, as: UTF8.self) })
                if messages.last?.first != "launched" { break }
            }
            return messages
        }

        /// The log without its time stamps.
        private func written() throws -> String {
            let log = String(decoding: try scratch.directory.read("log/log", limit: 1 << 20), as: UTF8.self)
            try scratch.directory.directory("log").remove("log")
            return log.split(separator: "\n").compactMap { $0.split(separator: " ", maxSplits: 3).dropFirst(3).first }
                .joined(separator: "\n")
        }
    }
}

// MARK: What a program sees
extension KernelTests.LaunchTests {
    @Test(arguments: [false, true]) func `the agent's files and a name of its own are there`(readOnly: Bool)
        async throws
    {
        try await makeImage { try $0.symlink("/run/missing/resolv.conf", at: "etc/resolv.conf") }
        let script = "cat /etc/hostname /etc/hosts; hostname; test -e /etc/resolv.conf && cat /etc/resolv.conf"
        let all = "agent's hostname\nagent's hosts\nbox"
        let expected = readOnly ? all : all + "\nagent's resolv.conf"
        #expect(try await output(of: script, readOnly: readOnly) == expected)
    }

    @Test func `root has fourteen capabilities and no privileges to gain`() async throws {
        try await makeImage()
        let status = try await output(of: "busybox id -u; grep -E 'Cap|NoNewPrivs|Seccomp:' /proc/self/status")
        #expect(status.contains("CapEff:\t00000000a80425fb"))
        #expect(status.contains("CapBnd:\t00000000a80425fb"))
        #expect(status.contains("CapAmb:\t0000000000000000"))
        #expect(status.contains("NoNewPrivs:\t1"))
        #expect(status.contains("Seccomp:\t2"))
    }

    @Test func `another user has no capabilities`() async throws {
        try await makeImage { try $0.replaceFile("etc/passwd", Array("web:x:33:44::/srv:/bin/sh\n".utf8)) }
        let status = try await output(of: "id -u; id -g; echo $HOME; grep CapEff /proc/self/status", user: "web")
        #expect(status == "33\n44\n/srv\nCapEff:\t0000000000000000")
    }

    @Test func `the walls hold`() async throws {
        let attempts = [
            "echo x > /proc/sys/kernel/hostname", "echo 1 > /proc/sys/net/ipv4/ip_forward",
            "echo b > /proc/sysrq-trigger", "mkdir /sys/fs/cgroup/x", "mount -t tmpfs x /etc", "unshare -m true",
            "unshare -U true", "hostname other", "mknod /dev/sda b 8 0", "chroot / mount -t proc p /proc",
            "test -s /proc/kcore", "test -s /proc/keys", "ls /sys/firmware/*", "umount /proc", "cat /dev/mem", "dmesg",
        ]
        try await makeImage()
        let script = attempts.map { "(\($0)) >/dev/null 2>&1 && echo '\($0)'" }
        #expect(try await output(of: (script + ["echo tried"]).joined(separator: "\n")) == "tried")
    }

    @Test func `what programs rely on works`() async throws {
        try await makeImage()
        let script = """
            for name in null zero full random urandom tty pts/ptmx ptmx shm mqueue fd stdin stdout stderr; do
                test -e /dev/$name || test -L /dev/$name || echo missing $name
            done
            echo x > /dev/null && head -c 3 /dev/zero | wc -c
            echo $$; test -d /sys/class/net/lo && cat /sys/class/net/lo/operstate; ulimit -n
            cat /proc/self/cgroup | tail -n 1; echo new > /file && cat /file; echo out > /dev/stdout
            stat -c %u /bin/sh; stat -c %a /; touch /dev/shm/x && echo shm
            """
        let said = try await output(of: script)
        #expect(said.hasPrefix("3\n1\nunknown\n1024\n"), "\(said)")
        #expect(said.hasSuffix("/\nnew\nout\n0\n755\nshm"), "\(said)")
    }

    @Test func `a read-only root takes no write and the host's network shows the host's devices`() async throws {
        try await makeImage()
        let said = try await output(
            of: "touch /file 2>/dev/null || echo refused; touch /dev/shm/x && echo shm; ls /sys/class/net | grep -c .",
            network: .host, readOnly: true)
        #expect(said.hasPrefix("refused\nshm\n"), "\(said)")
    }
}

// MARK: The ways out
extension KernelTests.LaunchTests {
    /// What the probe says of each way out that it tries.
    private func probe(_ security: SecuritySpec?, sharesIDs: Bool) async throws -> (held: Int, holes: [String]) {
        let source = #filePath.split(separator: "/").dropLast(2).map(String.init).joined(separator: "/")
        let built = try Process.run(
            "/usr/bin/env", "PATH=/usr/bin:/bin", "gcc", "-std=gnu11", "-O1", "-static", "-o", "\(scratch.path)/probe",
            "/\(source)/Probe/probe.c")
        #expect(built == .exited(0), "gcc and libc6-dev are needed")
        try await makeImage {
            try $0.replaceFile("probe", scratch.directory.read("probe", limit: 8 << 20), mode: 0o755)
        }
        var options = IsolationOptions()
        options.security = security
        let said = try await output(of: "exec /probe", options: options, sharesIDs: sharesIDs)
        let lines = said.split(separator: "\n").map(String.init)
        #expect(lines.last?.hasSuffix("holes") == true, "the probe came to its end: \(said)")
        return (lines.count { $0.hasPrefix("held ") }, lines.filter { $0.hasPrefix("hole ") })
    }

    @Test func `a standard container has no hole`() async throws {
        let found = try await probe(nil, sharesIDs: false)
        #expect(found.holes == [])
        #expect(found.held >= 60)
    }

    @Test func `a privileged one has dozens`() async throws {
        var security = SecuritySpec()
        security.privileged = true
        let found = try await probe(security, sharesIDs: true)
        #expect(found.holes.count >= 24, "\(found.holes)")
    }
}

/// The built monitor: in `DAVIT_BIN_DIR`, or beside the tests.
enum MonitorProgram {
    static let found: Descriptor? = {
        let words = ["environ", "cmdline"].flatMap { name in
            let bytes = (try? Directory(path: "/proc/self").open(name).readAll(limit: 1 << 20)) ?? []
            return bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        }
        let given = words.first { $0.hasPrefix("DAVIT_BIN_DIR=") }.map { String($0.dropFirst(14)) }
        let bundle = words.first { $0.hasSuffix(".xctest") || $0.contains(".xctest/") }
        let beside = bundle.map { $0.split(separator: "/", omittingEmptySubsequences: false) }?
            .prefix { !$0.hasSuffix(".xctest") }.joined(separator: "/")
        return [given, beside].lazy.compactMap { $0 }
            .compactMap { try? Directory(path: $0).open("davit-monitor", .path).shared() }.first
    }()
}
