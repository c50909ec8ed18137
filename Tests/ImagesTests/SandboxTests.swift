import JSON
import Linux
import Model
import TestSupport
import Testing

/// A `davit-image` that can be looked at while it runs. Its request is in its pipe before it starts, and its reply pipe
/// is full: having finished, it waits until somebody reads.
private struct WatchedImage {
    private static let filling = 64 << 10

    let pid: Int32
    private let child: Pidfd
    private let reply: Descriptor

    init(_ job: LayerJob, source: Descriptor, target: Descriptor) throws {
        let argument = CommandLine.arguments.first { $0.contains(".xctest") }
        let folder = argument?.split(separator: "/").prefix { !$0.hasSuffix(".xctest") }.joined(separator: "/")
        let directory = try Directory(path: folder.map { "/" + $0 } ?? "/usr/libexec/davit")
        let executable = try directory.open("davit-image", .path)
        let request = try Pipe().ends()
        let output = try Pipe().ends()
        try request.writer.write(String(json: try JSONValue(encoding: ImageJob.unpack(job))) + "\n")
        try output.writer.write([UInt8](repeating: 0x20, count: Self.filling))
        let spawned = try Process.spawn(
            executable: executable.rawValue, arguments: ["davit-image"], environment: [],
            descriptors: [source.rawValue, target.rawValue],
            standard: [request.reader.rawValue, output.writer.rawValue])
        pid = spawned.pid
        child = spawned.shared()
        reply = output.reader
    }

    /// A field of `/proc/PID/status`, its words.
    func status(_ field: String) throws -> [String] {
        let text = String(decoding: try proc().read("status", limit: 1 << 16), as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix(field + ":") }
        return line.map { $0.split { $0 == " " || $0 == "\t" }.dropFirst().map(String.init) } ?? []
    }

    /// A hard limit of `/proc/PID/limits`, by its name; `nil` for none.
    func limit(_ name: String) throws -> UInt64? {
        let text = String(decoding: try proc().read("limits", limit: 1 << 16), as: UTF8.self)
        let line = text.split(separator: "\n").first { $0.hasPrefix(name + " ") }
        let words = line?.dropFirst(name.count).split(separator: " ") ?? []
        return words.count > 1 ? UInt64(words[1]) : nil
    }

    func proc() throws -> Directory { try Directory(path: "/proc/\(pid)") }

    /// Waits until it sleeps and goes on sleeping, or has ended. It never sleeps long over a regular file.
    func waitIdle() async throws {
        var idle = 0
        while idle < 10, child.isAlive {
            idle = try status("State").first == "S" ? idle + 1 : 0
            try await Task.sleep(for: .milliseconds(5))
        }
    }

    /// Takes the reply and collects the process.
    func finish() throws -> (text: String, status: Linux.ExitStatus?) {
        let bytes = try reply.readAll(limit: 16 << 20)
        return (String(decoding: bytes.dropFirst(Self.filling), as: UTF8.self), try child.end())
    }

    func kill() {
        try? child.send(signal: 9)
        _ = try? child.end()
    }
}

/// An archive that would like to be large in memory.
struct Greedy: Sendable, CustomTestStringConvertible {
    let testDescription: String
    /// What the reply must contain.
    let outcome: String
    var pack = "cat"
    var type = "tar"
    let build: @Sendable (inout Tar) -> Void

    static let all = [
        Greedy(testDescription: "a huge pax header", outcome: "image.invalid") {
            $0.add("x", pax: [("comment", [UInt8](repeating: 0x61, count: 3 << 20))])
        },
        Greedy(testDescription: "100,000 entries", outcome: "unpacked", pack: entries) { _ in },
        Greedy(testDescription: "a long path", outcome: "image.layer_refused") {
            $0.add("x", pax: [("path", Array(String(repeating: "a/", count: 3000).utf8) + [0x78])])
        },
        Greedy(
            testDescription: "a gzip bomb", outcome: "when uncompressed", pack: "gzip -1c", type: "tar+gzip",
            build: bomb),
        Greedy(
            testDescription: "a zstd bomb", outcome: "when uncompressed", pack: "zstd -qc", type: "tar+zstd",
            build: bomb),
        Greedy(
            testDescription: "a zstd bomb with the largest window", outcome: "when uncompressed",
            pack: "zstd -qc --long=25", type: "tar+zstd", build: bomb),
        Greedy(
            testDescription: "a zstd bomb with too large a window", outcome: "image.too_large",
            pack: "zstd -qc --ultra -22 --long=31", type: "tar+zstd",
            build: bomb),
        Greedy(testDescription: "60 kB of attributes, 200 times", outcome: "\"attributes_left_out\":200") {
            // Read and left out: not every file system could keep it.
            let value = [UInt8](repeating: 0x61, count: 60_000)
            for number in 0..<200 { $0.add("f\(number)", pax: [("SCHILY.xattr.security.large", value)]) }
        },
    ]

    /// Instead of the archive that came in: empty files, made by tar.
    private static let entries =
        "cat > /dev/null; mkdir many; (cd many; seq 99999 | xargs touch; tar -cf - .); rm -rf many"

    /// Three files, each allowed, of 120 MiB together where 64 MiB are: the stream itself is cut off.
    private static let bomb: @Sendable (inout Tar) -> Void = {
        for number in 0..<3 { $0.add("zeros\(number)", .file, [UInt8](repeating: 0, count: 40 << 20)) }
    }
}

@Suite(.serialized) struct SandboxTests {
    private static let largestFile: Int64 = 123 << 20

    @Test func `davit-image reads an image behind walls`() async throws {
        let bench = try Workbench()
        try bench.directory.makeDirectory("out")
        let source = try Pipe().ends()
        let nothing = String(repeating: "0", count: 64)
        let layer = FoundLayer(
            size: 1 << 20, mediaType: "application/vnd.oci.image.layer.v1.tar", digest: "sha256:" + nothing,
            diffID: try LayerID(nothing))
        let image = try WatchedImage(
            LayerJob(layer: layer, maxBytes: Self.largestFile), source: source.reader,
            target: bench.directory.directory("out").descriptor)
        defer { image.kill() }
        try await image.waitIdle()

        #expect(try image.status("NoNewPrivs") == ["1"])
        #expect(try image.status("Seccomp") == ["2"])
        let allowed: UInt64 = [0, 1, 3, 4, 21, 27, 31].reduce(0) { $0 | 1 << UInt64($1) }
        for set in ["CapEff", "CapPrm"] {
            let held = try #require(UInt64(try image.status(set).first ?? "", radix: 16))
            #expect(held & ~allowed == 0, "\(set)")
        }
        let (own, its) = (try Directory(path: "/proc/self"), try image.proc())
        for name in ["ns/net", "ns/ipc", "ns/uts"] {
            #expect(try its.readLink(name) != own.readLink(name), "\(name)")
        }
        #expect(try its.readLink("root") == "/tmp/\(bench.name)/out")
        #expect(try image.limit("Max address space").map { $0 < 1 << 30 } == true)
        #expect(try image.limit("Max file size") == UInt64(Self.largestFile))
        #expect(try image.limit("Max open files") == 32)
        #expect(try image.limit("Max core file size") == 0)
        withExtendedLifetime(source.writer) {}
    }

    @Test(arguments: Greedy.all)
    func `davit-image stays below 64 MiB`(greedy: Greedy) async throws {
        let bench = try Workbench()
        var tar = Tar()
        greedy.build(&tar)
        try bench.directory.replaceFile("input", tar.finished)
        try bench.shell("mkdir out; { \(greedy.pack); } < input > blob")
        let isBomb = greedy.type != "tar"
        let layer = FoundLayer(
            size: try bench.directory.status("blob").size,
            mediaType: "application/vnd.oci.image.layer.v1.\(greedy.type)",
            digest: "sha256:" + (try bench.sha256("blob")),
            diffID: try LayerID(try bench.sha256(isBomb ? "input" : "blob")))
        let job = LayerJob(layer: layer, maxBytes: isBomb ? 64 << 20 : 1 << 30, maxEntries: 100_000)
        let image = try WatchedImage(
            job, source: bench.directory.open("blob").shared(), target: bench.directory.directory("out").descriptor)
        defer { image.kill() }
        try await image.waitIdle()

        let peak = try #require(Int(try image.status("VmHWM").first ?? ""), "it ended before it answered")
        #expect(peak < 64 << 10, "\(peak) kB")
        let (text, status) = try image.finish()
        #expect(status == .exited(0))
        #expect(text.contains(greedy.outcome), "\(text.prefix(300))")
    }
}
