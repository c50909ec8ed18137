import ArgumentParser
import Testing
import Wire

@testable import davit

struct CommandFileTests {
    @Test(arguments: [
        ("web:/etc", Cp.Place.container("web", path: "/etc")), ("web:etc", .container("web", path: "etc")),
        ("./a:b", .here("./a:b")), ("/a:b", .here("/a:b")), ("a", .here("a")), ("-", .here("-")), (":b", .here(":b")),
    ])
    func `a path is in a container or here`(text: String, place: Cp.Place) {
        #expect(Cp.Place(text) == place)
    }

    @Test func `an image's configuration is changed by the lines of a Dockerfile`() throws {
        let command = try #require(
            try Davit.parseAsRoot([
                "commit", "-c", "CMD [\"a\", \"b\"]", "-c", "ENTRYPOINT x y", "-c", "ENV A=1", "-c", "ENV B two words",
                "-c", "LABEL k=v", "-c", "USER me", "-c", "WORKDIR /w", "-c", "STOPSIGNAL INT", "--no-pause", "web",
                "i:1",
            ]) as? Commit)
        let request = try command.request()
        #expect(request.command == ["a", "b"])
        #expect(request.entrypoint == ["/bin/sh", "-c", "x y"])
        #expect(request.environment == ["A=1", "B=two words"])
        #expect(request.labels == ["k": "v"])
        #expect(request.user == "me")
        #expect(request.workingDirectory == "/w")
        #expect(request.stopSignal == "INT")
        #expect(request.pause == false)
        #expect(request.reference == "i:1")
        var params = ContainerCommit.Params(container: "web")
        for wrong in ["FROM x", "ENV", "ENV =x", "CMD [x"] {
            #expect(throws: (any Error).self) { try params.apply(instruction: wrong) }
        }
    }
}
