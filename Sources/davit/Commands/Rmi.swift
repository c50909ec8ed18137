import ArgumentParser
import DavitClient
import Wire

struct Rmi: ParsableCommand {
    static let configuration = CommandConfiguration(
        abstract: "Take names off images; an image goes with its last name.")

    @OptionGroup var agent: AgentOptions
    @Argument(help: "References, ids, or beginnings of ids.")
    var images: [String]

    func run() throws {
        try agent.connect().each(
            ImageRemove.self, of: images, params: { .init(image: $0) },
            tell: { result, _ in
                result.untagged.map { "Untagged: \($0.familiarReference)" }
                    + (result.removed.map { ["Deleted: \($0)"] } ?? [])
            })
    }
}
