import Images
import Linux
import Model
import Testing

@Suite struct LayerTests {
    @Test(arguments: [("cat", "tar"), ("gzip -c", "tar+gzip"), ("zstd -qc", "tar+zstd")])
    func `a layer is unpacked as it was packed`(pack: String, type: String) async throws {
        let bench = try Workbench()
        var tar = Tar()
        let capability: [UInt8] = [1, 0, 0, 2, 0, 4, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0]
        tar.add("d/", .directory, mode: 0o700, time: 5)
        tar.add("/d/suid", .file, [1, 2, 3], mode: 0o4755, uid: 7, time: 9)
        tar.add("cap", .file, [1], pax: [("SCHILY.xattr.security.capability", capability)])
        tar.add("named", .file, [1], pax: [("SCHILY.xattr.user.a", [0x76])])
        tar.add("hard", .hardLink, link: "d/suid")
        tar.add("soft", .symlink, link: "/nowhere")
        tar.add("null", .character, mode: 0o666, device: (1, 3))
        tar.add("pipe", .fifo)
        tar.add(".wh.gone")
        tar.add("o/.wh..wh..opq")
        tar.add("e\u{301}", .file, [1])
        tar.add("x", .file, [1])
        tar.add("x", .directory, mode: 0o755)
        tar.add("x/y/z", .file, [1])
        tar.add("x", .file, [1, 2])
        let unpacked = try await bench.unpack(tar.finished, pack: pack, type: type)
        #expect(unpacked.entries == 15)
        let expected = """
            700 0 5 directory d
            4755 7 9 regular file d/suid
            4755 7 9 regular file hard
            777 0 1000 symbolic link soft
            666 0 1000 character special file null
            644 0 1000 fifo pipe
            644 0 1000 regular file x

            """
        #expect(try bench.shell("cd out; stat -c '%a %u %Y %F %n' d d/suid hard soft null pipe x") == expected)
        #expect(try bench.shell("cd out; stat -c '%t %T %F' gone") == "0 0 character special file\n")
        #expect(try bench.shell("cd out; getfattr --only-values -n trusted.overlay.opaque o") == "y")
        #expect(try bench.shell("cd out; getfattr --only-values -n user.a named") == "v")
        #expect(try bench.shell("cd out; getcap cap").contains("cap_net_bind_service=ep"))
        #expect(try bench.shell("cd out; ls | LC_ALL=C grep -c $'^e\\xcc\\x81$'") == "1\n")
        #expect(try bench.shell("cd out; stat -c %h hard") == "2\n")
    }

    @Test func `holes stay holes`() async throws {
        let bench = try Workbench()
        try bench.shell("truncate -s 100M hole; echo end >> hole; tar -S -cf sparse.tar hole")
        let archive = try bench.directory.read("sparse.tar", limit: 1 << 20)
        _ = try await bench.unpack(archive)
        #expect(try bench.shell("stat -c %s out/hole; cmp hole out/hole") == "104857604\n")
        #expect(try #require(Int(bench.shell("stat -c %b out/hole").dropLast())) < 100)
    }

    @Test func `a directory in the place of a whiteout is opaque`() async throws {
        let bench = try Workbench()
        var tar = Tar()
        tar.add(".wh.a")
        tar.add("a/b", .file, [1])
        _ = try await bench.unpack(tar.finished)
        #expect(try bench.shell("getfattr --only-values -n trusted.overlay.opaque out/a") == "y")
    }
}
