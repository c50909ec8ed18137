import JSON
import Model
import Testing
import Wire

/// A method and the keys of its params; those that must be there end with `!`.
struct ExpectedMethod: Sendable, CustomTestStringConvertible {
    let description: MethodDescription
    let keys: [String]
    let right: Right
    let changes: Bool
    let streams: Bool
    let lane: Lane

    init<M: Method>(
        _ method: M.Type, _ keys: [String], right: Right = .read, changes: Bool = false, streams: Bool = false,
        lane: Lane = .slow
    ) {
        description = MethodDescription(method)
        (self.keys, self.right, self.changes, self.streams, self.lane) = (keys, right, changes, streams, lane)
    }

    var testDescription: String { description.name }
}

private let specKeys = [
    "command", "credentials", "depends_on", "devices", "dns", "entrypoint", "environment", "groups", "health",
    "hostname",
    "image!", "init", "interactive", "labels", "limits", "listen", "mounts", "name", "network", "networks", "notify",
    "oom_score",
    "ports", "publish_all",
    "read_only", "remove", "resource_limits", "restart", "root_size", "security", "shm_size", "stop_signal",
    "stop_timeout", "sysctls", "terminal", "user", "working_directory",
]

private let methods: [ExpectedMethod] = [
    ExpectedMethod(Ping.self, [], lane: .quick),
    ExpectedMethod(Hello.self, [], lane: .quick),
    ExpectedMethod(Schema.self, ["method"]),
    ExpectedMethod(Cancel.self, ["id!"], lane: .quick),
    ExpectedMethod(Batch.self, ["proceed", "requests!"], changes: true),
    ExpectedMethod(
        ContainerCreate.self, (specKeys + ["credential_contents"]).sorted(), right: .create, changes: true),
    ExpectedMethod(
        ContainerRun.self,
        (specKeys + ["credential_contents", "detach", "output", "stdio", "stream", "terminal_size"]).sorted(),
        right: .create,
        changes: true, streams: true),
    ExpectedMethod(
        ContainerStart.self, ["attach", "container!", "stdio", "terminal_size"], right: .operate, changes: true),
    ExpectedMethod(
        ContainerAttach.self, ["container!", "replay", "stdio", "stream", "terminal_size"], right: .operate,
        streams: true),
    ExpectedMethod(ContainerResize.self, ["container!", "terminal_size!"], right: .operate, changes: true),
    ExpectedMethod(
        ExecRun.self,
        [
            "command!", "container!", "detach", "environment", "interactive", "output", "privileged", "stdio", "stream",
            "terminal", "user", "working_directory",
        ], right: .operate, changes: true, streams: true),
    ExpectedMethod(ExecList.self, ["container!"], lane: .quick),
    ExpectedMethod(ExecGet.self, ["container!", "exec!"], lane: .quick),
    ExpectedMethod(ExecWait.self, ["container!", "exec!"]),
    ExpectedMethod(ExecKill.self, ["container!", "exec!", "signal"], right: .operate, changes: true),
    ExpectedMethod(ExecResize.self, ["container!", "exec!", "terminal!"], right: .operate, changes: true),
    ExpectedMethod(StreamJoin.self, ["token!"], right: .operate, lane: .quick),
    ExpectedMethod(ContainerStop.self, ["container!", "dependents", "timeout"], right: .operate, changes: true),
    ExpectedMethod(ContainerKill.self, ["container!", "signal"], right: .operate, changes: true),
    ExpectedMethod(ContainerWait.self, ["condition", "container!"]),
    ExpectedMethod(ContainerRestart.self, ["container!", "timeout"], right: .operate, changes: true),
    ExpectedMethod(ContainerPause.self, ["container!"], right: .operate, changes: true),
    ExpectedMethod(ContainerResume.self, ["container!"], right: .operate, changes: true),
    ExpectedMethod(ContainerRename.self, ["container!", "name!"], right: .create, changes: true),
    ExpectedMethod(ContainerRemove.self, ["container!", "force", "volumes"], right: .create, changes: true),
    ExpectedMethod(ContainerList.self, ["labels", "phases"], lane: .quick),
    ExpectedMethod(ContainerGet.self, ["container!"], lane: .quick),
    ExpectedMethod(ContainerLogs.self, ["container!", "follow", "since", "tail"], streams: true),
    ExpectedMethod(
        ContainerUpdate.self, ["clear", "container!", "limits", "restart"], right: .operate, changes: true),
    ExpectedMethod(ContainerStatistics.self, ["containers", "interval"], streams: true),
    ExpectedMethod(ContainerTop.self, ["container!"]),
    ExpectedMethod(IsolationExplain.self, ["container", "spec"]),
    ExpectedMethod(ContainerCopyOut.self, ["archive!", "container!", "name", "path!"], right: .operate),
    ExpectedMethod(ContainerExport.self, ["archive!", "container!"], right: .operate),
    ExpectedMethod(
        ContainerCopyIn.self, ["archive!", "container!", "name", "path!"], right: .operate, changes: true),
    ExpectedMethod(ContainerDiff.self, ["container!"], streams: true),
    ExpectedMethod(
        ContainerCommit.self,
        [
            "author", "command", "container!", "entrypoint", "environment", "labels", "message", "pause", "reference",
            "stop_signal", "user", "working_directory",
        ], right: .create, changes: true),
    ExpectedMethod(
        ImageLoad.self, ["path", "platform", "reference", "source"], right: .create, changes: true),
    ExpectedMethod(ImageGet.self, ["image!"]),
    ExpectedMethod(ImageList.self, []),
    ExpectedMethod(ImageTag.self, ["image!", "reference!"], right: .create, changes: true),
    ExpectedMethod(ImageRemove.self, ["image!"], right: .create, changes: true),
    ExpectedMethod(VolumeCreate.self, ["labels", "name", "size"], right: .create, changes: true),
    ExpectedMethod(VolumeGet.self, ["volume!"]),
    ExpectedMethod(VolumeList.self, []),
    ExpectedMethod(VolumeRemove.self, ["volume!"], right: .create, changes: true),
    ExpectedMethod(VolumePrune.self, ["all"], right: .create, changes: true),
    ExpectedMethod(
        NetworkCreate.self, ["driver", "internal", "ipv6", "labels", "mtu", "name!", "options", "range", "subnets"],
        right: .create, changes: true),
    ExpectedMethod(NetworkGet.self, ["network!"]),
    ExpectedMethod(NetworkList.self, []),
    ExpectedMethod(NetworkRemove.self, ["network!"], right: .create, changes: true),
    ExpectedMethod(NetworkPrune.self, [], right: .create, changes: true),
    ExpectedMethod(NetworkConnect.self, ["connection!", "container!"], right: .operate, changes: true),
    ExpectedMethod(NetworkDisconnect.self, ["container!", "network!"], right: .operate, changes: true),
    ExpectedMethod(NetworkLimit.self, ["bandwidth!", "container!", "network"], right: .operate, changes: true),
    ExpectedMethod(PortAdd.self, ["container!", "ports!"], right: .operate, changes: true),
    ExpectedMethod(PortExplain.self, ["container!"]),
    ExpectedMethod(PortRemove.self, ["container!", "ports!"], right: .operate, changes: true),
    ExpectedMethod(
        ServiceCreate.self, ["affinity", "labels", "name!", "network", "ports!", "publish", "selector!"],
        right: .create, changes: true),
    ExpectedMethod(ServiceGet.self, ["service!"]),
    ExpectedMethod(ServiceList.self, []),
    ExpectedMethod(ServiceRemove.self, ["service!"], right: .create, changes: true),
    ExpectedMethod(
        PolicyCreate.self, ["action!", "from", "labels", "name!", "ports", "priority", "to"], right: .create,
        changes: true),
    ExpectedMethod(PolicyGet.self, ["policy!"]),
    ExpectedMethod(PolicyList.self, []),
    ExpectedMethod(PolicyRemove.self, ["policy!"], right: .create, changes: true),
    ExpectedMethod(DriverList.self, []),
    ExpectedMethod(DriverGet.self, ["kind!", "name!"]),
    ExpectedMethod(SystemInfo.self, []),
    ExpectedMethod(EventsSubscribe.self, ["from", "kinds", "once", "snapshot"], streams: true),
    ExpectedMethod(DaemonReload.self, [], right: .admin, changes: true),
]

/// Every object schema inside a schema, the outermost first.
private func objects(in schema: JSONValue) -> [JSONValue] {
    let inner = (schema["properties"]?.object?.members.map(\.value) ?? []) + [schema["items"]].compactMap { $0 }
    return (schema["properties"] == nil ? [] : [schema]) + inner.flatMap(objects)
}

struct SchemaTests {
    @Test(arguments: methods)
    func `a method tells every key of its params, and which are needed`(_ expected: ExpectedMethod) {
        let description = expected.description
        let required = description.params["required"]?.array?.compactMap(\.string) ?? []
        let keys = description.params["properties"]?.object?.keys ?? []
        #expect(keys.map { required.contains($0) ? "\($0)!" : $0 }.sorted() == expected.keys.sorted())
        #expect(description.params["additionalProperties"] == false)
    }

    @Test(arguments: methods)
    func `a method tells its right, its lane, and whether it changes or streams`(_ expected: ExpectedMethod) {
        let description = expected.description
        #expect(description.right == expected.right)
        #expect(description.changes == expected.changes)
        #expect(description.streams == expected.streams)
        #expect(description.lane == expected.lane)
        #expect((description.item != nil) == expected.streams)
        #expect(!description.summary.isEmpty)
    }

    @Test(arguments: methods)
    func `every object in a schema tells the type of every key`(_ expected: ExpectedMethod) throws {
        let description = expected.description
        for object in objects(in: description.params) + objects(in: description.result) {
            for (key, value) in (object["properties"]?.object?.members ?? []).map({ ($0.key, $0.value) }) {
                // Any JSON is the empty schema; such keys are few and known.
                let isAny = value == [:] && ["id", "params", "result", "item", "details"].contains(key)
                #expect(isAny || value["type"] != nil, "\(key) of \(description.name)")
            }
        }
    }

    @Test func `names are unique`() {
        #expect(Set(methods.map(\.description.name)).count == methods.count)
    }

    @Test func `the params of container run are typed as they are read`() {
        let params = MethodDescription(ContainerRun.self).params["properties"]
        #expect(params?["image"] == ["type": "string"])
        #expect(params?["command"] == ["type": "array", "items": ["type": "string"]])
        #expect(params?["labels"] == ["type": "object", "additionalProperties": ["type": "string"]])
        #expect(params?["name"]?["pattern"]?.string?.hasPrefix("^[a-zA-Z0-9]") == true)
        #expect(params?["detach"] == ["type": "boolean"])
        #expect(params?["limits"]?["properties"]?["memory"] == ["type": "integer"])
        #expect(params?["limits"]?["properties"]?["cpus"] == ["type": "number"])
        #expect(params?["dns"]?["properties"]?["servers"] == ["type": "array", "items": ["type": "string"]])
        #expect(params?["dns"]?["properties"]?.object?.keys.sorted() == ["options", "search", "servers"])
        #expect(params?["stdio"]?["properties"]?["stdout"] == ["type": "integer"])
    }

    @Test func `words are listed`() {
        let phases = MethodDescription(ContainerList.self).params["properties"]?["phases"]?["items"]?["enum"]
        #expect(phases == .array(ContainerPhase.allCases.map { .string($0.rawValue) }))
        let kinds = MethodDescription(EventsSubscribe.self).params["properties"]?["kinds"]?["items"]?["enum"]
        #expect(kinds == .array(Event.Kind.allCases.map { .string($0.rawValue) }))
    }

    @Test func `a description goes through JSON and back`() throws {
        for expected in methods {
            let value = try JSONValue(encoding: expected.description)
            #expect(try JSONValue(encoding: value.decode(MethodDescription.self)) == value)
        }
    }
}
