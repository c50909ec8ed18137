import Images
import Linux
import Model
import Testing

/// An archive that must be refused, and how.
struct Hostile: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let code: ErrorCode
    var pack = "cat"
    var type = "tar"
    let archive: [UInt8]

    init(_ name: String, _ code: ErrorCode, pack: String = "cat", type: String = "tar", _ build: (inout Tar) -> Void) {
        testDescription = name
        self.code = code
        self.pack = pack
        self.type = type
        var tar = Tar()
        build(&tar)
        archive = tar.finished
    }

    static let all = [
        Hostile("..", .imageLayerRefused) { $0.add("../x", .file, [1]) },
        Hostile(".. in the middle", .imageLayerRefused) { $0.add("a/../../x", .file, [1]) },
        Hostile("a hard link to the host", .imageLayerRefused) { $0.add("h", .hardLink, link: "/etc/passwd") },
        Hostile("a hard link through a link", .imageLayerRefused) {
            $0.add("s", .symlink, link: "/etc")
            $0.add("h", .hardLink, link: "s/passwd")
        },
        Hostile("a link to the host, then a file through it", .imageLayerRefused) {
            $0.add("s", .symlink, link: "/usr")
            $0.add("s/x", .file, [1])
        },
        Hostile("a file as a parent", .imageLayerRefused) {
            $0.add("a", .file, [1])
            $0.add("a/b", .file, [1])
        },
        Hostile("overlayfs' own whiteout", .imageLayerRefused) { $0.add("w", .character) },
        Hostile("trusted.overlay", .imageLayerRefused) {
            $0.add("d", .directory, pax: [("SCHILY.xattr.trusted.overlay.redirect", Array("/etc".utf8))])
        },
        Hostile("user.overlay", .imageLayerRefused) {
            $0.add("d", .directory, pax: [("SCHILY.xattr.user.overlay.opaque", Array("y".utf8))])
        },
        Hostile("a huge pax header", .imageInvalid) {
            $0.add("x", pax: [("comment", [UInt8](repeating: 0x61, count: 3 << 20))])
        },
        Hostile("a path of 6000 bytes", .imageLayerRefused) {
            $0.add("x", pax: [("path", Array(String(repeating: "a/", count: 3000).utf8) + [0x78])])
        },
        Hostile("a whiteout of nothing", .imageLayerRefused) { $0.add(".wh.") },
        Hostile("a whiteout of the parent", .imageLayerRefused) { $0.add("d/.wh...") },
        Hostile("a file for a root", .imageLayerRefused) { $0.add(".", .file, [1]) },
        Hostile("cut gzip", .imageInvalid, pack: "gzip -c | head -c -4", type: "tar+gzip") { $0.add("a", .file, [1]) },
        Hostile("garbage after gzip", .imageInvalid, pack: "(gzip -c; echo garbage)", type: "tar+gzip") {
            $0.add("a", .file, [1])
        },
        Hostile("cut zstd", .imageInvalid, pack: "zstd -qc | head -c -4", type: "tar+zstd") { $0.add("a", .file, [1]) },
        Hostile("garbage after zstd", .imageInvalid, pack: "(zstd -qc; echo garbage)", type: "tar+zstd") {
            $0.add("a", .file, [1])
        },
        Hostile("bzip2", .imageUnsupportedMediaType, type: "tar+bzip2") { $0.add("a", .file, [1]) },
        Hostile("a bomb", .imageTooLarge, pack: "(cat; head -c 2G /dev/zero) | gzip -1c", type: "tar+gzip") {
            $0.add("a", .file, [1])
        },
    ]
}

@Suite struct HostileLayerTests {
    @Test(arguments: Hostile.all)
    func `a hostile layer is refused and touches nothing outside`(hostile: Hostile) async throws {
        let bench = try Workbench()
        let before = try Directory(path: "/").names().sorted()
        let error = await #expect(throws: AgentError.self) {
            _ = try await bench.unpack(hostile.archive, pack: hostile.pack, type: hostile.type)
        }
        #expect(error?.code == hostile.code, "\(error.map { "\($0)" } ?? "")")
        #expect(try Directory(path: "/").names().sorted() == before)
        #expect(try Directory(path: "/usr").statusIfPresent("x") == nil)
    }

    @Test func `a wrong digest, diff_id or size is refused`() async throws {
        let bench = try Workbench()
        var tar = Tar()
        tar.add("a", .file, [1])
        let nothing = String(repeating: "0", count: 64)
        let changes: [((inout FoundLayer) -> Void, ErrorCode)] = [
            ({ $0.digest = "sha256:" + nothing }, .imageDigestMismatch),
            ({ $0.diffID = (try? LayerID(nothing)) ?? $0.diffID }, .imageDigestMismatch),
            ({ $0.size -= 512 }, .imageDigestMismatch),
            ({ $0.size += 512 }, .imageInvalid),
        ]
        for (change, code) in changes {
            let error = await #expect(throws: AgentError.self) {
                _ = try await bench.unpack(tar.finished, change: change)
            }
            #expect(error?.code == code)
        }
    }

    @Test func `more entries than allowed are refused`() async throws {
        var tar = Tar()
        for number in 0..<20 { tar.add("f\(number)") }
        let bench = try Workbench()
        let error = await #expect(throws: AgentError.self) { _ = try await bench.unpack(tar.finished, maxEntries: 10) }
        #expect(error?.code == .imageTooLarge)
    }

    @Test(arguments: 0..<40)
    func `a flipped byte is an error or harmless, never a crash`(seed: Int) async throws {
        var tar = Tar()
        for number in 0..<20 { tar.add("d/f\(number)", .file, [UInt8](repeating: UInt8(number), count: 700)) }
        tar.add("l", .symlink, link: "d")
        tar.add("h", .hardLink, link: "d/f1")
        var bytes = tar.finished
        // The headers are what is parsed: flip in the first 200 bytes of a block.
        let place = (seed * 7919 % (bytes.count / 512)) * 512 + seed * 104_729 % 200
        bytes[place] ^= UInt8(1 + seed * 31 % 255)
        let bench = try Workbench()
        do {
            _ = try await bench.unpack(bytes)
        } catch let error as AgentError {
            #expect(!error.message.contains("ended without an answer"))
        }
    }
}
