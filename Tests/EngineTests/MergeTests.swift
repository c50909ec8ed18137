import Drivers
import Model
import Testing

@testable import Engine

@Suite struct `An image's wishes and the caller's` {
    struct Merge: Sendable {
        var image: (entrypoint: [String], command: [String])
        var caller: (entrypoint: [String]?, command: [String]?)
        /// `nil` is refused.
        var arguments: [String]?
    }

    @Test(arguments: [
        Merge(image: (["e"], ["c"]), caller: (nil, nil), arguments: ["e", "c"]),
        Merge(image: (["e"], ["c"]), caller: (nil, ["x"]), arguments: ["e", "x"]),
        Merge(image: (["e"], ["c"]), caller: (nil, []), arguments: ["e"]),
        Merge(image: (["e"], ["c"]), caller: (["f"], nil), arguments: ["f"]),
        Merge(image: (["e"], ["c"]), caller: (["f"], ["x"]), arguments: ["f", "x"]),
        Merge(image: (["e"], ["c"]), caller: ([], ["x"]), arguments: ["x"]),
        Merge(image: ([], ["c"]), caller: (nil, nil), arguments: ["c"]),
        Merge(image: ([], []), caller: (nil, ["x", "y"]), arguments: ["x", "y"]),
        Merge(image: ([], []), caller: (nil, nil), arguments: nil),
        Merge(image: (["e"], ["c"]), caller: ([], nil), arguments: nil),
    ])
    func `entrypoint and command merge as docker does it`(merge: Merge) throws {
        var image = ImageConfig()
        (image.entrypoint, image.command) = merge.image
        var spec = ContainerSpec(image: "i")
        (spec.entrypoint, spec.command) = merge.caller
        guard let arguments = merge.arguments else {
            #expect(throws: AgentError.self) { _ = try ProcessSpec(spec: spec, image: image, hostname: "h") }
            return
        }
        #expect(try ProcessSpec(spec: spec, image: image, hostname: "h").arguments == arguments)
    }

    @Test func `the caller's variables win, and the order stays`() throws {
        var image = ImageConfig()
        image.command = ["c"]
        image.environment = ["A=1", "B=2", "C"]
        image.user = "image"
        image.workingDirectory = "/image"
        var spec = ContainerSpec(image: "i")
        spec.environment = ["B=3=4", "D=", "A=5", "A=6"]
        let process = try ProcessSpec(spec: spec, image: image, hostname: "h")
        #expect(process.environment == ["A=6", "B=3=4", "C", "D="])
        #expect(process.user == "image" && process.workingDirectory == "/image" && process.hostname == "h")
        (spec.user, spec.workingDirectory) = ("", "/mine")
        let other = try ProcessSpec(spec: spec, image: image, hostname: "h")
        #expect(other.user == "" && other.workingDirectory == "/mine")
        image.workingDirectory = ""
        spec.workingDirectory = nil
        #expect(try ProcessSpec(spec: spec, image: image, hostname: "h").workingDirectory == "/")
    }
}
