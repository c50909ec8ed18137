import ArgumentParser
import Linux
import Model
import Testing

@testable import davit

/// docker's and podman's words for mounts.
struct MountParsingTests {
    private func spec(_ arguments: [String]) throws -> ContainerSpec {
        let command = try #require(try Davit.parseAsRoot(["run"] + arguments + ["debian"]) as? Run)
        return try command.container.spec(caller: [:])
    }

    private static func bind(_ change: (inout MountSpec) -> Void = { _ in }) -> MountSpec {
        var spec = MountSpec(.bind, source: "/a", target: "/b")
        change(&spec)
        return spec
    }

    private static func volume(_ change: (inout MountSpec) -> Void = { _ in }) -> MountSpec {
        var spec = MountSpec(.volume, source: "a", target: "/b")
        change(&spec)
        return spec
    }

    private static func tmpfs(_ change: (inout MountSpec) -> Void = { _ in }) -> MountSpec {
        var spec = MountSpec(.tmpfs, target: "/b")
        change(&spec)
        return spec
    }

    static let cases: [([String], MountSpec)] = [
        (["-v", "/a:/b"], bind()),
        (["--volume=/a:/b:rw"], bind()),
        (["-v", "/a:/b:ro"], bind { $0.readOnly = true }),
        (["-v", "/a:/b:ro,z,rslave"], bind { ($0.readOnly, $0.propagation) = (true, .rslave) }),
        (["-v", "/a:/b:idmap=false,norecursive"], bind { ($0.idMap, $0.recursive) = (false, false) }),
        (["-v", "a:/b"], volume()),
        (["-v", "a:/b:nocopy"], volume { $0.noCopy = true }),
        (["-v", "/b"], MountSpec(.volume, target: "/b")),
        (["--mount", "type=bind,source=/a,target=/b"], bind()),
        (["--mount", "type=bind,src=/a,dst=/b,readonly"], bind { $0.readOnly = true }),
        (["--mount", "type=bind,src=/a,destination=/b,ro=false"], bind()),
        (["--mount", "type=bind,src=/a,dst=/b,bind-propagation=rshared"], bind { $0.propagation = .rshared }),
        (["--mount", "type=bind,src=/a,dst=/b,bind-nonrecursive"], bind { $0.recursive = false }),
        (["--mount", "type=bind,src=/a,dst=/b,bind-recursive=disabled"], bind { $0.recursive = false }),
        (["--mount", "type=bind,src=/a,dst=/b,idmap=false"], bind { $0.idMap = false }),
        (["--mount", "source=a,target=/b"], volume()),
        (["--mount", "type=volume,src=a,dst=/b,volume-nocopy"], volume { $0.noCopy = true }),
        (
            ["--mount", "type=tmpfs,dst=/b,tmpfs-size=64m,tmpfs-mode=700"],
            tmpfs { ($0.size, $0.mode) = (64 << 20, 0o700) }
        ),
        (["--mount", "type=image,src=a,dst=/b"], MountSpec(.image, source: "a", target: "/b")),
        (["--tmpfs", "/b"], tmpfs()),
        (["--tmpfs", "/b:rw,size=64k,mode=1777,nosuid"], tmpfs { ($0.size, $0.mode) = (65536, 0o1777) }),
    ]

    @Test(arguments: cases.indices) func `a mount is what its words say`(index: Int) throws {
        let (arguments, expected) = Self.cases[index]
        let spec = try spec(arguments)
        #expect(spec.mounts == [expected])
        #expect(throws: Never.self) { try spec.validate() }
    }

    @Test(arguments: [
        ["-v", "/a:/b:rx"], ["-v", "/a:/b:ro:rw"], ["-v", ":/b"], ["-v", ""], ["--mount", "type=bind,source=/a"],
        ["--mount", "type=nfs,target=/b"], ["--mount", "type=bind,src=/a,dst=/b,chown=1"],
        ["--mount", "src=a,dst=/b,readonly=maybe"], ["--mount", "src=a,dst=/b,bind-propagation=up"],
        ["--tmpfs", "/b:noexec"], ["--tmpfs", "/b:size=big"], ["--tmpfs", "/b:mode=999"], ["--storage-opt", "x=1"],
        ["--root-size", "big"],
    ])
    func `what is no mount is refused`(arguments: [String]) {
        #expect(throws: (any Error).self) { try spec(arguments) }
    }

    @Test func `a relative source is the caller's`() throws {
        let here = try Directory(path: ".").descriptor.currentPath()
        #expect(try spec(["-v", "./x/../y:/b"]).mounts?.first?.source == here + "/y")
        #expect(try spec(["--mount", "type=bind,src=x,dst=/b"]).mounts?.first?.source == here + "/x")
    }

    @Test(arguments: [["--root-size", "1g"], ["--storage-opt", "size=1g"]])
    func `the root has a size`(arguments: [String]) throws {
        #expect(try spec(arguments).rootSize == 1 << 30)
    }

    @Test func `the volume commands are there`() throws {
        for arguments in [
            ["create"], ["create", "--size", "1g", "-l", "a=b", "name"], ["ls", "-q"], ["list", "--json"],
            ["inspect", "a", "b"], ["rm", "a"], ["prune", "-af"],
        ] {
            #expect(throws: Never.self) { try Davit.parseAsRoot(["volume"] + arguments) }
        }
    }
}
