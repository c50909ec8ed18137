import Drivers
import JSON
import LaunchPlan
import Linux
import Model
import Testing
import Wire

/// What each message looks like on its way, and that it comes back.
@Suite struct DriverMessageTests {
    private let directory: Descriptor
    private let layer: LayerID

    init() throws {
        directory = try Directory(path: "/").descriptor
        layer = try LayerID(String(repeating: "c", count: 64))
    }

    /// Packs, prints, parses and unpacks.
    private func cross<Message: DriverMessage>(_ message: Message) throws -> (text: String, message: Message) {
        var packed = try PackedMessage(message)
        let text = packed.object.description
        packed.object = try JSONValue(parsing: text)
        return (text, try packed.unpack(Message.self, unknownKeys: .refuse))
    }

    @Test func `a connection's wishes and its namespace cross`() throws {
        let directory = try Directory(path: "/").descriptor
        var request = sampleAttach
        request.connection.addresses = ["10.0.0.9"]
        (request.namespace, request.interface, request.isWayOut) = (directory, "eth3", false)
        let crossed = try cross(request).message
        #expect(crossed.connection == request.connection && crossed.interface == "eth3" && !crossed.isWayOut)
        #expect(crossed.namespace?.rawValue == directory.rawValue)
        #expect(try cross(sampleAttach).message.namespace == nil)
        let leaving = DetachRequest(
            container: sampleContainer, network: sampleAttach.network, handle: ["x": 1], interface: "eth3",
            namespace: directory)
        let left = try cross(leaving).message
        #expect(left.handle == ["x": 1] && left.interface == "eth3" && left.namespace?.rawValue == directory.rawValue)
    }

    @Test func `plain values are their own JSON`() throws {
        let usage = StorageUsage(layerBytes: 1, layers: 2, rootfsBytes: 3, rootfses: 4)
        #expect(try cross(usage).message == usage)
        let made = MadeNetwork(NetworkState(subnets: ["10.0.0.0/8"], gateways: ["10.0.0.1"]), handle: ["x": 1])
        #expect(try cross(made).message == made)
        let check = HostCheck(score: 90, missing: ["a"])
        #expect(try cross(check).message == check)
        #expect(try cross(NoValue()).text == "{}")
    }

    @Test func `ids are the values of a key`() throws {
        #expect(try cross(layer).text == #"{"layer":"\#(layer)"}"#)
        #expect(try cross(layer).message == layer)
        #expect(try cross(sampleContainer).text == #"{"container":"\#(sampleContainer)"}"#)
    }

    @Test func `a request for a root names its descriptor by index`() throws {
        let request = RootfsRequest(
            container: sampleContainer, layers: [layer], readOnly: true, ids: IDRange(base: 524_288), idMap: directory,
            ephemeral: true)
        let (text, back) = try cross(request)
        #expect(text.contains(#""id_map":0"#) && text.contains(#""read_only":true"#))
        #expect(back.idMap === directory)
        #expect(back.layers == [layer] && back.ids == IDRange(base: 524_288) && back.readOnly && back.ephemeral)
    }

    @Test func `namespaces of every kind come back`() throws {
        let made = try cross(Attachment(namespace: .made(directory), addresses: ["10.1.0.2/16"], handle: ["x": 1]))
        #expect(made.text.hasPrefix(#"{"namespace":{"type":"made","descriptor":0}"#))
        guard case .made(let namespace) = made.message.namespace else {
            Issue.record("\(made.message.namespace)")
            return
        }
        #expect(namespace === directory)
        #expect(try cross(Attachment(namespace: .born)).text.contains(#"{"type":"born"}"#))
        #expect(try cross(Attachment(namespace: .host)).text.contains(#"{"type":"host"}"#))
    }

    @Test func `a plan crosses in its text form with its descriptors in order`() throws {
        let plan = LaunchPlan(namespaces: [.mount, .pid], run: 0, steps: [])
        let other = try Directory(path: "/proc").descriptor
        let setting = CgroupSetting(controller: "memory", file: "memory.max", value: "1")
        let (text, back) = try cross(IsolationPlan(plan: plan, descriptors: [directory, other], cgroup: [setting]))
        #expect(text.contains(#""plan":[["namespaces""#) && text.contains(#""descriptors":[0,1]"#))
        #expect(back.plan.fields == plan.fields)
        #expect(back.descriptors.map(\.rawValue) == [directory.rawValue, other.rawValue])
        #expect(back.cgroup == [setting])
    }

    @Test(arguments: [1, -1, Int.max]) func `an index that names nothing is refused`(_ index: Int) throws {
        let object: JSONValue = ["mount": .int(Int64(index)), "handle": nil]
        let message = PackedMessage(object: object, descriptors: [directory])
        let error = #expect(throws: AgentError.self) { try message.unpack(Rootfs.self, unknownKeys: .ignore) }
        #expect(error?.code == .driverBadReply)
    }

    @Test func `a step of a plan that nobody knows is refused`() throws {
        let object: JSONValue = ["plan": [["run", "0"], ["fly", "away"]], "descriptors": [], "cgroup": []]
        let message = PackedMessage(object: object, descriptors: [])
        #expect(throws: (any Error).self) { try message.unpack(IsolationPlan.self, unknownKeys: .ignore) }
    }
}
