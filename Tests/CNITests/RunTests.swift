import ContainerNetwork
import JSON
import Linux
import Model
import TestSupport
import Testing

@testable import NetworkCNI

extension KernelTests {
    /// How a plugin's process is started, watched and ended.
    @Suite struct `Runs` {
        private func runner(_ world: World) throws -> PluginRunner {
            PluginRunner(try CNISettings(world.configuration), host: HostNetwork(namespace: world.host))
        }

        private func call(_ type: String, _ command: PluginCommand = .add, _ input: JSONValue = [:]) -> PluginCall {
            PluginCall(
                command: command, type: type, network: "web",
                connection: PluginConnection(
                    container: "c1", interface: "eth0", namespace: "/x", arguments: "IgnoreUnknown=1"),
                input: input.object ?? JSONObject())
        }

        /// The error of a plugin that does this.
        private func failure(_ world: World, _ body: String) throws -> AgentError {
            try world.write("bin/odd", "#!/bin/sh\n\(body)\n", mode: 0o755)
            let error = #expect(throws: AgentError.self) { try runner(world).perform(call("odd")) }
            return try #require(error)
        }

        @Test func `a plugin has three descriptors, its own group, the host's network and a clean environment`() throws
        {
            let world = try World()
            try world.write(
                "bin/show",
                """
                #!/bin/sh
                {
                    [ "$(cut -d ' ' -f 5 /proc/$$/stat)" = $$ ] && echo leads
                    readlink /proc/$$/ns/net
                    env | grep -v '^_=\\|^PWD=\\|^SHLVL=\\|^OLDPWD=' | sort
                    cat
                } >'\(world.path)/shown'
                """, mode: 0o755)
            try runner(world).perform(call("show", .add, ["name": "web"]))
            let number = try world.host.status().inode
            let shown = try world.text("shown").split(separator: "\n").map(String.init)
            #expect(
                shown == [
                    "leads", "net:[\(number)]", "CNI_ARGS=IgnoreUnknown=1", "CNI_COMMAND=ADD", "CNI_CONTAINERID=c1",
                    "CNI_IFNAME=eth0", "CNI_NETNS=/x", "CNI_PATH=\(world.path)/bin:/usr/lib/cni",
                    "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "{\"name\":\"web\"}",
                ])
            // The fourth is that of the directory which ls reads.
            try world.write("bin/list", "#!/bin/ls /proc/self/fd\n", mode: 0o755)
            let said = try runner(world).perform(call("list"))
            #expect(String(decoding: said, as: UTF8.self) == "\(world.path)/bin/list\n\n/proc/self/fd:\n0\n1\n2\n3\n")
        }

        @Test func `an input longer than a pipe that nobody reads holds nothing up`() throws {
            let world = try World()
            try world.write("bin/deaf", "#!/bin/sh\nexit 0\n", mode: 0o755)
            let long = JSONValue.string(String(repeating: "x", count: 900_000))
            #expect(try runner(world).perform(call("deaf", .add, ["long": long])).isEmpty)
        }

        @Test func `a plugin that hangs is killed with what it started, and its last words are kept`() throws {
            let world = try World { $0.timeout = 1 }
            let error = try failure(
                world,
                """
                sleep 1000 & echo $! >'\(world.path)/child'
                echo $$ >'\(world.path)/self'
                echo waiting for a lock >&2
                wait
                """)
            #expect(error.code == .driverTimeout && error.retryable && error.cause == ["waiting for a lock"])
            #expect(
                error.message
                    == "the CNI plugin odd did not end in ADD eth0 of container c1 on web within 1.0 seconds and was killed: find out what it waits for, or raise \"timeout\""
            )
            for name in ["self", "child"] {
                let pid = try #require(Int32(try world.text(name).filter(\.isNumber)))
                // A child of a killed one is a zombie until the reaper of its namespace takes it.
                #expect(try isGone(pid), "\(name) still runs")
            }
        }

        private func isGone(_ pid: Int32) throws -> Bool {
            guard let process = try? Pidfd(pid: pid) else { return true }
            return try process.waitExit(milliseconds: 10_000)
        }

        @Test func `one that goes on writing is killed at 1 MiB`() throws {
            let world = try World()
            let error = try failure(world, "echo flood >&2; exec cat /dev/zero")
            #expect(error.code == .driverFailed && error.cause == ["flood"])
            #expect(
                error.message
                    == "the CNI plugin odd wrote more than 1 MiB in ADD eth0 of container c1 on web and was killed")
        }

        @Test func `of long last words the end is kept, without what a terminal would obey`() throws {
            let world = try World()
            let error = try failure(
                world,
                "i=0; while [ $i -lt 20000 ]; do echo line $i >&2; i=$((i+1)); done; printf '\\033[2Jend' >&2; exit 1")
            #expect(error.cause.count == 12 && error.cause.last == " [2Jend" && error.cause[0] == "line 19989")
        }

        @Test func `one that ends but leaves its output open with a child does not hold us up`() throws {
            let world = try World { $0.timeout = 20 }
            try world.write(
                "bin/loose", "#!/bin/sh\nsleep 600 & echo $! >'\(world.path)/child'; echo said\n", mode: 0o755)
            let start = MonotonicTime.now
            #expect(try runner(world).perform(call("loose")) == Array("said\n".utf8))
            #expect(start.distance(to: .now) < .seconds(20))
            // It was left alone: a plugin may start a server.
            let child = try Pidfd(pid: try #require(Int32(try world.text("child").filter(\.isNumber))))
            #expect(child.isAlive)
            try child.send(signal: 9)
        }

        @Test func `an end without an error's object is told as it was`() throws {
            let world = try World()
            let left = try failure(world, "echo not json; exit 3")
            #expect(
                left.message
                    == "the CNI plugin odd ended ADD eth0 of container c1 on web with exit status 3 and no CNI error: look at the cause"
            )
            let killed = try failure(world, "kill -SEGV $$")
            #expect(killed.message.contains("with signal 11 and no CNI error"))
        }

        @Test func `an error's object on the output is the error`() throws {
            let world = try World()
            let error = try failure(
                world,
                "echo words >&2; echo '{\"code\":7,\"msg\":\"bad subnet\",\"details\":\"it is too small\"}'; exit 1")
            #expect(error.code == .networkRefused && error.cause == ["it is too small", "words"])
            #expect(
                error.message
                    == "the CNI plugin odd failed in ADD eth0 of container c1 on web: bad subnet (code 7); mend the plugin's part of the list"
            )
        }

        @Test func `what can't be executed is refused with a reason`() throws {
            let world = try World()
            let runner = try runner(world)
            let missing = #expect(throws: AgentError.self) { try runner.perform(call("nothing")) }
            #expect(missing?.code == .networkRefused && missing?.details == ["plugin": "nothing"])
            #expect(
                missing?.message.hasPrefix(
                    "the CNI plugin nothing is not in \(world.path)/bin, /usr/lib/cni: install it there") == true)
            try world.directory.makeDirectory("bin/directory")
            try world.write("bin/plain", "#!/bin/sh\n")
            try world.write("bin/text", "hello", mode: 0o755)
            try world.write("bin/orphan", "#!/no/such/interpreter\n", mode: 0o755)
            for type in ["directory", "plain", "text", "orphan"] {
                let error = #expect(throws: AgentError.self) { try runner.perform(call(type)) }
                #expect([.driverFailed, .networkRefused].contains(error?.code), "\(type)")
                #expect(error?.message.contains("\(world.path)/bin/\(type)") == true || type == "orphan", "\(type)")
            }
        }

        @Test func `a result that is none is told with what is wrong`() throws {
            let world = try World()
            let runner = try runner(world)
            for (said, problem) in [
                ("", "it is empty"), ("{", "it is no JSON"), ("[]", "it is an array, not an object"),
                ("{\\\"ips\\\":[{}]}", "ips[0] has no \"address\""),
            ] {
                try world.write("bin/odd", "#!/bin/sh\nprintf \"\(said)\"\n", mode: 0o755)
                let error = #expect(throws: AgentError.self) {
                    try runner.result(of: call("odd"), version: CNIVersion.known[3])
                }
                #expect(error?.code == .driverFailed)
                #expect(
                    error?.message.contains("with a result that is none: \(problem)") == true, "\(error?.message ?? "")"
                )
            }
            try world.write("bin/odd", "#!/bin/sh\nprintf '{\"x\":\"%0400000d\"}' 0\n", mode: 0o755)
            #expect {
                try runner.result(of: call("odd"), version: CNIVersion.known[3])
            } throws: { ($0 as? AgentError)?.message.contains("it is longer than 256 KiB") == true }
        }

        @Test func `a list is used in the highest version that all its plugins speak`() throws {
            let world = try World()
            try world.plugin("new", versions: "\"0.3.1\",\"0.4.0\",\"1.0.0\",\"1.1.0\",\"9.0.0\"")
            let runner = try runner(world)
            let list = try NetworkList([
                "cniVersions": ["0.4.0", "1.0.0", "1.1.0"], "name": "web",
                "plugins": [["type": "new"], ["type": "bridge"]],
            ])
            #expect(try runner.settled(list).version.description == "1.0.0")
            let newest = try NetworkList(["cniVersion": "1.1.0", "name": "web", "type": "bridge"])
            let error = #expect(throws: AgentError.self) { try runner.settled(newest) }
            #expect(error?.code == .networkRefused)
            #expect(
                error?.message
                    == "the CNI plugin bridge does not speak version 1.1.0, in which the list web is to be used: set its \"cniVersion\" to one of \"0.3.0\", \"0.3.1\", \"0.4.0\", \"1.0.0\""
            )
        }
    }
}
