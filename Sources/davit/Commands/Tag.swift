import ArgumentParser
import DavitClient
import Wire

struct Tag: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "Give an image one more name.")

    @OptionGroup var agent: AgentOptions
    @Argument(help: "A reference, an id, or the beginning of an id.")
    var image: String
    @Argument(help: "The new reference.")
    var reference: String

    func run() throws {
        _ = try agent.connect().call(ImageTag.self, .init(image: image, reference: reference))
    }
}
