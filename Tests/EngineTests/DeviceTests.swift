import Drivers
import Linux
import Model
import Testing

@testable import Engine

@Suite struct `Devices` {
    private func spec(_ devices: DeviceSpec...) -> ContainerSpec {
        var spec = ContainerSpec(image: "image")
        spec.devices = devices
        return spec
    }

    @Test func `a node belongs to the container's root and is the host's device`() throws {
        let grants = try DeviceGrants(spec(DeviceSpec(source: "/dev/full", target: "/dev/x")), hasUserNamespace: true)
        #expect(grants.filter == nil)
        let mounts = try DeviceNodes.make(grants.devices, ids: IDRange(base: 700_000))
        #expect(mounts.map(\.target) == ["/dev/x"])
        guard case .mount(let mount) = try #require(mounts.first).source else { return #expect(Bool(false)) }
        let status = try mount.status()
        #expect(status.node == DeviceNumber(major: 1, minor: 7))
        #expect(status.uid == 700_000)
        #expect(status.mode == 0o666)
    }

    @Test func `a device that may only be read needs a filter, and so does a container with the host's users`() throws {
        let readable = spec(DeviceSpec(source: "/dev/full", access: "r"))
        #expect(try DeviceGrants(readable, hasUserNamespace: true).filter != nil)
        #expect(try DeviceGrants(ContainerSpec(image: "image"), hasUserNamespace: false).filter != nil)
        var privileged = ContainerSpec(image: "image")
        privileged.security = SecuritySpec()
        privileged.security?.privileged = true
        #expect(try DeviceGrants(privileged, hasUserNamespace: false).filter == nil)
    }

    @Test func `a directory of devices brings all of them`() throws {
        let found = try DeviceGrants(spec(DeviceSpec(source: "/dev", target: "/dev/all")), hasUserNamespace: true)
        #expect(found.devices.contains { $0.target == "/dev/all/null" && $0.number == .init(major: 1, minor: 3) })
    }

    @Test(arguments: [
        (DeviceSpec(source: "/dev/no-such-device"), ErrorCode.deviceNotFound),
        (DeviceSpec(source: "/etc/passwd"), .deviceNotFound),
        (DeviceSpec(source: "/dev/null", access: "rx"), .requestInvalid),
        (DeviceSpec(source: "/dev/null", target: "/dev/../etc/x"), .requestInvalid),
        (DeviceSpec(source: "no.such/vendor=0"), .deviceNotFound),
    ])
    func `what is no device is refused`(device: DeviceSpec, code: ErrorCode) throws {
        let error = #expect(throws: AgentError.self) {
            try DeviceGrants(spec(device), hasUserNamespace: true)
        }
        #expect(error?.code == code)
    }

    // MARK: CDI

    private func withCDI(_ files: [String: String], _ body: (CDI) throws -> Void) throws {
        let name = "davit-test-\(Process.pid)-\(UInt32.random(in: 0 ... .max))"
        let directory = try Directory(path: "/tmp").makeDirectories(name)
        defer { try? Directory(path: "/tmp").removeTree(name) }
        for (file, text) in files { try directory.replaceFile(file, Array(text.utf8)) }
        try body(CDI(directories: ["/tmp/no-such-directory", "/tmp/\(name)"]))
    }

    private static let vendor = """
        {"cdiVersion": "0.6.0", "kind": "example.com/mem", "containerEdits": {"env": ["ALL=1"]},
         "devices": [
            {"name": "null", "containerEdits": {"deviceNodes": [{"path": "/dev/mem-null", "hostPath": "/dev/null",
                "permissions": "r", "uid": 5}], "env": ["ONE=1"],
                "mounts": [{"hostPath": "/usr/lib", "containerPath": "/opt/lib", "options": ["ro"]}]}},
            {"name": "zero", "containerEdits": {"deviceNodes": [{"path": "/dev/zero"}]}}]}
        """

    @Test func `a CDI device brings its nodes, variables and mounts, and those of its class`() throws {
        try withCDI(["vendor.json": Self.vendor, "broken.json": "{", "other.txt": ""]) { cdi in
            let edits = try cdi.edits(for: "example.com/mem=null")
            #expect(edits.environment == ["ONE=1", "ALL=1"])
            #expect(edits.mounts == [MountSpec(.bind, source: "/usr/lib", target: "/opt/lib", readOnly: true)])
            let device = try GrantedDevice(#require(edits.devices.first))
            #expect(device.target == "/dev/mem-null")
            #expect(device.number == DeviceNumber(major: 1, minor: 3))
            #expect(device.access == .read)
            #expect(device.uid == 5)
            #expect(try cdi.edits(for: "example.com/mem=all").devices.count == 2)
        }
    }

    @Test func `a CDI device that is not there is refused with those that are`() throws {
        try withCDI(["vendor.json": Self.vendor, "gpu.yaml": ""]) { cdi in
            let error = #expect(throws: AgentError.self) { try cdi.edits(for: "example.com/mem=one") }
            #expect(error?.message.contains("example.com/mem=null, example.com/mem=zero") == true)
            #expect(error?.cause.contains { $0.contains("gpu.yaml") } == true)
        }
    }

    @Test func `a CDI device with hooks is refused`() throws {
        let text = """
            {"kind": "a/b", "devices": [{"name": "c", "containerEdits": {"hooks": [{"path": "/bin/true"}]}}]}
            """
        try withCDI(["a.json": text]) { cdi in
            let error = #expect(throws: AgentError.self) { try cdi.edits(for: "a/b=c") }
            #expect(error?.message.contains("hooks") == true)
        }
    }
}
