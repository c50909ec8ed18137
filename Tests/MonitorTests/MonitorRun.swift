import LaunchPlan
import Linux
import TestSupport

/// One monitor started as the agent starts it.
struct MonitorRun {
    let monitor: Pidfd
    let control: Descriptor

    /// Descriptors of the plan: 0 run, 1 log, 2 the root mount, 3... `extra`.
    init(
        _ plan: LaunchPlan, _ rootfs: Rootfs, extra: [Int32] = [], thread: PrivateMountThread,
        closeControl: Bool = false
    ) throws {
        let memory = try MemoryFile.sealed(plan.encoded())
        let pair = try SocketPair(.sequencedPackets)
        let (run, log, mount) = (try rootfs.run, try rootfs.log, try rootfs.mount())
        let descriptors =
            [memory.rawValue, pair.b.rawValue, pair.a.rawValue]
            + [run.descriptor.rawValue, log.descriptor.rawValue, mount.rawValue] + extra
        let binary = try monitorBinary.get()
        let number = memory.rawValue
        monitor = try thread.run { () throws(Errno) in
            _ = number
            return try Process.spawn(
                executable: binary.rawValue, arguments: ["davit-monitor"], environment: [], descriptors: descriptors
            ).shared()
        }
        control = pair.a
        if closeControl { try control.shutdown(2) }
        withExtendedLifetime((run, log, mount, pair.b)) {}
    }

    /// The next message, as words, and what came with it; empty at the end.
    func message() throws -> (words: [String], descriptors: [Descriptor]) {
        guard try control.waitReadable(milliseconds: 20000) else { return (["timeout"], []) }
        let (bytes, descriptors) = try control.receive(upTo: 4096, maxDescriptors: 4)
        return (bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }, descriptors)
    }

    /// Waits for the monitor and returns its messages' words.
    func finish() throws -> [[String]] {
        var words: [[String]] = []
        while true {
            let next = try message().words
            if next.isEmpty || next == ["timeout"] { break }
            words.append(next)
        }
        try monitor.end()
        return words
    }
}

/// The built monitor: beside the tests, or in `DAVIT_BIN_DIR`.
let monitorBinary: Result<Descriptor, Errno> = Result { () throws(Errno) in
    let own = try Directory(path: "/proc/self").readLink("exe")
    let environment = (try? Directory(path: "/proc/self").open("environ").readAll(limit: 1 << 20)) ?? []
    let given = environment.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
        .first { $0.hasPrefix("DAVIT_BIN_DIR=") }?.dropFirst(14)
    let beside = own.split(separator: "/").dropLast().joined(separator: "/")
    let candidates = [given.map(String.init), "/" + beside, testBundleDirectory].compactMap { $0 }
    for directory in candidates {
        if let file = try? Directory(path: directory).open("davit-monitor", .path) { return file.shared() }
    }
    throw Errno.noSuchFile
}

/// The bundle is an argument of the process that runs it: `.build/debug/davitPackageTests.xctest`.
private let testBundleDirectory: String? = {
    let bytes = (try? Directory(path: "/proc/self").open("cmdline").readAll(limit: 1 << 20)) ?? []
    let words = bytes.split(separator: 0).map { String(decoding: $0, as: UTF8.self) }
    guard let bundle = words.first(where: { $0.contains(".xctest") }) else { return nil }
    let parts = bundle.split(separator: "/").prefix { !$0.hasSuffix(".xctest") }
    return (bundle.hasPrefix("/") ? "/" : "") + parts.joined(separator: "/")
}()

let base: UInt32 = 100_000

/// The steps of a usual container around one program.
func usualSteps(_ program: [String], user: UInt32 = 0, extra: [LaunchStep] = []) -> [LaunchStep] {
    [
        .loopbackUp, .becomeRoot, .privateMounts, .attachRoot(2, at: "/root"),
        .mount(type: "proc", source: "proc", target: "/proc", flags: [.noSetUID, .noDevices, .noExecute], data: ""),
        .mount(
            type: "tmpfs", source: "tmpfs", target: "/dev", flags: [.noSetUID, .strictAccessTime],
            data: "mode=755,size=65536k"),
        .mount(
            type: "devpts", source: "devpts", target: "/dev/pts", flags: [.noSetUID, .noExecute],
            data: "newinstance,ptmxmode=0666,mode=0620,gid=5"),
        .mount(type: "tmpfs", source: "shm", target: "/dev/shm", flags: .noSetUID, data: "mode=1777,size=65536k"),
        .mount(type: "mqueue", source: "mqueue", target: "/dev/mqueue", flags: .noSetUID, data: ""),
        .mount(
            type: "sysfs", source: "sysfs", target: "/sys", flags: [.readOnly, .noSetUID, .noDevices, .noExecute],
            data: ""),
        .device("null"), .device("zero"), .device("full"), .device("random"), .device("urandom"), .device("tty"),
        .symlink(target: "/proc/self/fd", link: "/dev/fd"),
        .symlink(target: "/proc/self/fd/1", link: "/dev/stdout"),
        .mask("/proc/kcore"), .mask("/proc/acpi"), .mask("/sys/firmware"), .mask("/no/such/file"),
        .readOnly("/proc/sys"), .readOnly("/proc/bus"),
    ] + extra + [
        .pivot, .hostname("hafen"), .resourceLimit(resource: 7, soft: 512, hard: 1024),
        .workingDirectory("/srv/here"), .user(uid: user, gid: user, groups: []),
        .capabilities(bounding: 0xa80425fb, effective: user == 0 ? 0xa80425fb : 0, ambient: 0), .noNewPrivileges,
        .exec(path: program[0], arguments: program, environment: ["PATH=/sbin:/bin", "A=1"]),
    ]
}

/// The usual plan: all namespaces, ids from 100000, both streams relayed.
func usualPlan(
    _ program: [String], user: UInt32 = 0, copyTo: Int? = nil,
    log: Log? = Log(directory: 1, maxBytes: 64 << 20, files: 3),
    extra: [LaunchStep] = []
) -> LaunchPlan {
    let map = [IDMap(inside: 0, outside: base, count: 65536)]
    let owner = Stdio.Owner(uid: base + user, gid: base + user)
    return LaunchPlan(
        namespaces: .all, uidMap: map, gidMap: map,
        stdio: Stdio(output: .relay(copyTo: copyTo), error: .relay(copyTo: copyTo), owner: owner), run: 0, log: log,
        steps: usualSteps(program, user: user, extra: extra))
}
