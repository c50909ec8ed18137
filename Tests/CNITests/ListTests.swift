import JSON
import Linux
import Model
import TestSupport
import Testing

@testable import NetworkCNI

/// Configuration lists: what is taken, what is refused and in which words.
@Suite struct ListTests {
    private func list(_ text: String) throws -> NetworkList { try NetworkList(JSONValue(parsing: text)) }

    @Test func `a list has its name, its versions and its plugins in order`() throws {
        let list = try list(
            """
            {"cniVersion":"0.4.0","cniVersions":["0.3.1","1.0.0","7.0.0"],"name":"web","disableCheck":"TRUE",
             "plugins":[{"type":"bridge","ipam":{"type":"host-local"}},
                        {"type":"portmap","capabilities":{"portMappings":true,"other":false}}]}
            """)
        #expect(list.name == "web" && list.versions.map(\.description) == ["0.3.1", "0.4.0", "1.0.0"])
        #expect(list.plugins.map(\.type) == ["bridge", "portmap"] && list.plugins[0].addressType == "host-local")
        #expect(list.plugins[1].capabilities == ["portMappings"])
        #expect(!list.isChecked && list.isCollected && list.takes("portMappings") && !list.takes("other"))
    }

    @Test func `one plugin is a list of one`() throws {
        let list = try list(#"{"cniVersion":"0.3.1","name":"lo","type":"loopback"}"#)
        #expect(list.plugins.map(\.type) == ["loopback"] && list.version.description == "0.3.1")
    }

    struct Bad: Sendable, CustomTestStringConvertible {
        let text: String
        let problem: String
        var testDescription: String { problem }
    }

    static let bad = [
        Bad(text: "[]", problem: "it is an array, not an object"),
        Bad(text: "{}", problem: #"it has no "name""#),
        Bad(text: #"{"name":7}"#, problem: #""name" is a whole number, not a string"#),
        Bad(
            text: #"{"name":"../x"}"#,
            problem:
                #""name" "../x" is no name of a network: it has letters, digits, _ . - and begins with a letter or digit"#
        ),
        Bad(text: #"{"name":"a"}"#, problem: #"it has no "cniVersion": write "1.0.0" if in doubt"#),
        Bad(
            text: #"{"name":"a","cniVersion":"0.2.0"}"#, problem: #""cniVersion" "0.2.0" is not one of 0.3.0 to 1.1.0"#),
        Bad(
            text: #"{"name":"a","cniVersions":["2.0.0","x"]}"#,
            problem: #""cniVersion" "2.0.0", "x" is not one of 0.3.0 to 1.1.0"#),
        Bad(text: #"{"name":"a","cniVersions":"1.0.0"}"#, problem: #""cniVersions" is a string, not an array"#),
        Bad(
            text: #"{"name":"a","cniVersion":1}"#,
            problem: #"a version in "cniVersion" or "cniVersions" is a whole number, not a string"#),
        Bad(text: #"{"name":"a","cniVersion":"1.0.0"}"#, problem: "it has no plugins"),
        Bad(text: #"{"name":"a","cniVersion":"1.0.0","plugins":[]}"#, problem: "it has no plugins"),
        Bad(
            text: #"{"name":"a","cniVersion":"1.0.0","plugins":{}}"#, problem: #""plugins" is an object, not an array"#),
        Bad(
            text: #"{"name":"a","cniVersion":"1.0.0","plugins":[{"type":"b"},7]}"#,
            problem: "plugins[1] is a whole number, not an object"),
        Bad(text: #"{"name":"a","cniVersion":"1.0.0","plugins":[{}]}"#, problem: #"plugins[0] has no "type""#),
        Bad(
            text: #"{"name":"a","cniVersion":"1.0.0","plugins":[{"type":["x"]}]}"#,
            problem: "plugins[0].type is an array, not a string"),
        Bad(
            text: #"{"name":"a","cniVersion":"1.0.0","plugins":[{"type":"../bin/sh"}]}"#,
            problem:
                #"plugins[0].type "../bin/sh" is no name of a plugin: it has letters, digits, _ . - and begins with a letter or digit"#
        ),
        Bad(
            text: #"{"name":"a","cniVersion":"1.0.0","plugins":[{"type":"b","ipam":{"type":"a/b"}}]}"#,
            problem:
                #"plugins[0].ipam.type "a/b" is no name of a plugin: it has letters, digits, _ . - and begins with a letter or digit"#
        ),
        Bad(
            text: #"{"name":"a","cniVersion":"1.0.0","plugins":[{"type":"b","capabilities":[]}]}"#,
            problem: "plugins[0].capabilities is an array, not an object"),
        Bad(
            text: #"{"name":"a","cniVersion":"1.0.0","disableGC":1,"plugins":[{"type":"b"}]}"#,
            problem: #""disableGC" is a whole number, not true or false"#),
    ]

    @Test(arguments: bad) func `what is wrong in a list is told in these words`(_ bad: Bad) throws {
        let error = #expect(throws: ListProblem.self) { try list(bad.text) }
        #expect(error?.description == bad.problem)
    }

    @Test func `a list comes back from its own JSON`() throws {
        let list = try list(
            #"{"cniVersion":"1.0.0","name":"a","disableGC":true,"plugins":[{"type":"b","x":[1.5,null],"capabilities":{"ips":true}}]}"#
        )
        #expect(try NetworkList(list.json) == list)
    }

    @Test func `damaged lists are refused or read, and never end the program`() throws {
        let text =
            #"{"cniVersion":"1.0.0","cniVersions":["0.3.1"],"name":"web","disableCheck":false,"loadOnlyInlinedPlugins":true,"plugins":[{"type":"bridge","ipam":{"type":"host-local","ranges":[[{"subnet":"10.1.0.0/24"}]]}},{"type":"portmap","capabilities":{"portMappings":true}}]}"#
        var random = SeededGenerator(11)
        var read = 0
        for _ in 0..<20000 {
            guard let value = try? JSONValue(parsing: mutated(text, &random)) else { continue }
            _ = try? NetworkList.takesOthers(value)
            guard let list = try? NetworkList(value) else { continue }
            read += 1
            // Its JSON has the one version that is used.
            #expect(try NetworkList(list.json).json == list.json)
        }
        #expect(read > 100)
    }
}

/// A text with a few bytes changed, doubled or left out, or members exchanged for others.
func mutated(_ text: String, _ random: inout SeededGenerator) -> [UInt8] {
    var bytes = Array(text.utf8)
    for _ in 0..<Int.random(in: 1...3, using: &random) {
        let place = Int.random(in: 0..<bytes.count, using: &random)
        switch Int.random(in: 0..<5, using: &random) {
        case 0: bytes[place] = UInt8.random(in: 0x20...0x7E, using: &random)
        case 1: bytes.remove(at: place)
        case 2: bytes.insert(bytes[place], at: place)
        case 3:
            let end = min(bytes.count, place + Int.random(in: 1...12, using: &random))
            bytes.removeSubrange(place..<end)
        default:
            let odd = ["null", "-1", "1e9", "[]", "{}", "\"\"", "\"\\u0000\"", "true", "9223372036854775807"]
            bytes.replaceSubrange(place..<place, with: Array((odd.randomElement(using: &random) ?? "0").utf8))
        }
    }
    return bytes
}

/// The files that lists are in.
@Suite struct DirectoryTests {
    private static func single(_ name: String, _ type: String = "x") -> String {
        #"{"cniVersion":"1.0.0","name":"\#(name)","type":"\#(type)"}"#
    }

    @Test func `files count in the order of their names, whatever their ending, and hidden ones do not`() throws {
        let world = try World()
        try world.write("conf/.00-a.conf", Self.single("hidden"))
        try world.write("conf/30-b.conflist", #"{"cniVersion":"1.0.0","name":"b","plugins":[{"type":"third"}]}"#)
        try world.write("conf/20-b.json", Self.single("b", "second"))
        try world.write("conf/Z.conf", Self.single("first"))
        try world.write("conf/10-x.txt", Self.single("text"))
        let lists = ListDirectories(paths: ["/nowhere/at/all", "\(world.path)/conf"])
        #expect(try lists.list(named: "b").list.plugins[0].type == "second")
        #expect(try lists.list(named: nil).file == "\(world.path)/conf/20-b.json")
        let error = #expect(throws: AgentError.self) { try lists.list(named: "text") }
        #expect(error?.code == .networkRefused)
        #expect(
            error?.message
                == "there is no CNI configuration list with the name \"text\" in /nowhere/at/all, \(world.path)/conf: there are b, first"
        )
    }

    @Test func `a file that is wrong is in nobody's way, and is told where its list is looked for`() throws {
        let world = try World()
        try world.write("conf/05.conf", "{")
        try world.write("conf/10.conf", Self.single("good"))
        try world.write("conf/20.conf", #"{"cniVersion":"1.0.0","name":"bad","plugins":[{}]}"#)
        try world.write("conf/30.conf", String(repeating: " ", count: 300 << 10))
        try world.directory.makeDirectory("conf/40.conf")
        let lists = ListDirectories(paths: ["\(world.path)/conf"])
        #expect(try lists.list(named: "good").list.name == "good")
        let bad = #expect(throws: AgentError.self) { try lists.list(named: "bad") }
        #expect(bad?.message == "the CNI configuration \(world.path)/conf/20.conf: plugins[0] has no \"type\"")
        let missing = #expect(throws: AgentError.self) { try lists.list(named: "missing") }
        #expect(missing?.cause.count == 3, "\(missing?.cause ?? [])")
        #expect(missing?.cause[0].hasPrefix("\(world.path)/conf/05.conf: it is no JSON: byte 1") == true)
        #expect(missing?.cause[1] == "\(world.path)/conf/30.conf: it is longer than 256 KiB")
        #expect(missing?.cause[2].hasPrefix("\(world.path)/conf/40.conf: it can't be read: EISDIR") == true)
    }

    @Test func `no list at all is told with what to write`() throws {
        let lists = ListDirectories(paths: ["/nowhere"])
        let error = #expect(throws: AgentError.self) { try lists.list(named: "web") }
        #expect(
            error?.message
                == "there is no CNI configuration list with the name \"web\" in /nowhere: write one, such as /nowhere/10-web.conflist"
        )
    }

    @Test func `plugins in files beside a list are its last, unless it is closed`() throws {
        let world = try World()
        try world.directory.makeDirectory("conf/web")
        try world.write("conf/web/20.conf", #"{"type":"last"}"#)
        try world.write("conf/web/10.conf", #"{"type":"middle"}"#)
        try world.write("conf/web/30.json", #"{"type":"other"}"#)
        try world.write("conf/1.conflist", #"{"cniVersion":"1.1.0","name":"web","plugins":[{"type":"first"}]}"#)
        let lists = ListDirectories(paths: ["\(world.path)/conf"])
        #expect(try lists.list(named: "web").list.plugins.map(\.type) == ["first", "middle", "last"])
        try world.write("conf/1.conflist", #"{"cniVersion":"1.1.0","name":"web"}"#)
        #expect(try lists.list(named: "web").list.plugins.map(\.type) == ["middle", "last"])
        try world.write(
            "conf/1.conflist",
            #"{"cniVersion":"1.1.0","name":"web","loadOnlyInlinedPlugins":true,"plugins":[{"type":"first"}]}"#)
        #expect(try lists.list(named: "web").list.plugins.map(\.type) == ["first"])
        try world.write("conf/1.conflist", #"{"cniVersion":"1.1.0","name":"web","loadOnlyInlinedPlugins":true}"#)
        #expect { try lists.list(named: "web") } throws: {
            ($0 as? AgentError)?.message.hasSuffix("\"loadOnlyInlinedPlugins\" is true, and it has no \"plugins\"")
                == true
        }
        try world.write("conf/1.conflist", #"{"cniVersion":"1.1.0","name":"web"}"#)
        try world.write("conf/web/10.conf", "{}")
        #expect { try lists.list(named: "web") } throws: {
            ($0 as? AgentError)?.message.hasSuffix("/conf/web/10.conf: it has no \"type\"") == true
        }
    }

    @Test func `a configuration of the driver that can't be is refused`() throws {
        for (change, reason) in [
            ({ $0.timeout = 0 }, "timeout 0 must be 1 to 600 seconds"),
            ({ $0.binDirs = [] }, "bin_dirs is empty: name a directory"),
            ({ $0.confDirs = ["etc"] }, "conf_dirs has \"etc\", which must be an absolute path without a colon"),
            ({ $0.binDirs = ["/a:/b"] }, "bin_dirs has \"/a:/b\", which must be an absolute path without a colon"),
        ] as [((inout CNIConfiguration) -> Void, String)] {
            var configuration = CNIConfiguration()
            change(&configuration)
            let error = #expect(throws: AgentError.self) { try CNIDriver(configuration) }
            #expect(error?.code == .configInvalid && error?.message == "network driver cni: \(reason)")
        }
    }
}
