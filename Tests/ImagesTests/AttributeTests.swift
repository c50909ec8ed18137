import Images
import Linux
import Model
import Testing

/// Extended attributes on ext4. It is mounted from a file, and the mount is already taken away when a test begins: the
/// open directory alone keeps it.
@Suite struct AttributeTests {
    private static let large = [UInt8](repeating: 0x61, count: 60_000)

    /// An ACL as the kernel has it: version 2, then tag, permissions and id of each entry.
    private func acl(_ user: UInt32) -> [UInt8] {
        let entries: [(tag: UInt8, permissions: UInt8, id: UInt32)] = [
            (0x01, 7, .max), (0x02, 4, user), (0x04, 5, .max), (0x10, 7, .max), (0x20, 0, .max),
        ]
        return [2, 0, 0, 0]
            + entries.flatMap { entry in
                [entry.tag, 0, entry.permissions, 0] + (0..<4).map { UInt8(truncatingIfNeeded: entry.id >> ($0 * 8)) }
            }
    }

    private func hexadecimal(_ bytes: [UInt8]) -> String {
        "0x" + bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined() + "\n"
    }

    /// Unpacks into a new ext4 of 8 MiB, after `prepare` ran in it. Needs loop devices.
    private func unpack(_ tar: Tar, prepare: String = "true") async throws -> Workbench {
        let bench = try Workbench()
        try bench.shell(
            """
            exec 2>&1; truncate -s 8M disk; mkfs.ext4 -q -b 4096 disk; mkdir out; mount -o loop disk out
            (cd out; \(prepare))
            """)
        let target = Result { try bench.directory.directory("out") }
        try bench.shell("umount -l out")
        _ = try await bench.unpack(tar.finished, into: target.get())
        return bench
    }

    @Test func `an access ACL is kept, and a default ACL is not inherited by what the layer has itself`() async throws {
        let bench = try Workbench()
        var tar = Tar()
        tar.add("f", .file, [1], mode: 0o770, pax: [("SCHILY.xattr.system.posix_acl_access", acl(7))])
        tar.add("d", .directory, mode: 0o750, pax: [("SCHILY.xattr.system.posix_acl_default", acl(8))])
        tar.add("d/f", .file, [1], mode: 0o640)
        tar.add("d/d", .directory, mode: 0o751)
        _ = try await bench.unpack(tar.finished)
        let read = "cd out; r() { getfattr --absolute-names -e hex -n $1 $2 | sed -n s/^$1=//p; };"
        #expect(try bench.shell("\(read) r system.posix_acl_access f") == hexadecimal(acl(7)))
        #expect(try bench.shell("\(read) r system.posix_acl_default d") == hexadecimal(acl(8)))
        #expect(try bench.shell("cd out; getfattr -d -m - d/f d/d") == "")
        #expect(try bench.shell("cd out; stat -c %a f d d/f d/d") == "770\n750\n640\n751\n")
    }

    @Test func `a default ACL of a file is refused`() async throws {
        let bench = try Workbench()
        var tar = Tar()
        tar.add("f", pax: [("SCHILY.xattr.system.posix_acl_default", acl(8))])
        let error = await #expect(throws: AgentError.self) { _ = try await bench.unpack(tar.finished) }
        #expect(error?.code == .imageLayerRefused)
    }

    @Test func `an attribute that is too large for the file system is the layer's fault`() async throws {
        var tar = Tar()
        tar.add("d/f", .file, [1], pax: [("SCHILY.xattr.user.large", Self.large)])
        let error = await #expect(throws: AgentError.self) { _ = try await unpack(tar) }
        #expect(error?.code == .imageLayerRefused)
        #expect(error?.retryable == false)
        for word in ["d/f", "user.large", "60000"] { #expect(error?.message.contains(word) == true, "\(word)") }
    }

    @Test func `an attribute for which a full disk has no room is the disk's fault`() async throws {
        var tar = Tar()
        tar.add("f", pax: [("SCHILY.xattr.user.small", [UInt8](repeating: 0x61, count: 3000))])
        let error = await #expect(throws: AgentError.self) {
            _ = try await unpack(tar, prepare: "head -c 16M /dev/zero > all || true")
        }
        #expect(error?.code == .hostNoSpace)
        #expect(error?.retryable == true)
    }

    @Test func `a file for which a full disk has no room is the disk's fault`() async throws {
        var tar = Tar()
        tar.add("f", .file, [UInt8](repeating: 1, count: 16 << 20))
        let error = await #expect(throws: AgentError.self) { _ = try await unpack(tar) }
        #expect(error?.code == .hostNoSpace)
    }
}
