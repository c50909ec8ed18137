import ArgumentParser
import DavitClient
import JSON
import Linux
import Wire

struct Images: ParsableCommand {
    static let configuration = CommandConfiguration(abstract: "List images.")

    @OptionGroup var agent: AgentOptions
    @Flag(name: .shortAndLong, help: "Print ids only.")
    var quiet = false
    @OptionGroup var reading: ReadingOptions

    func run() throws {
        let result = try agent.connect().callRaw(ImageList.name)
        try reading.show(result, things: "images") { (list: ImageList.Result) in
            quiet ? list.images.map(\.id) : Images.table(of: list.images, now: Clock.now).shown
        }
    }

    /// A row for each name, and one for an image without any.
    static func table(of images: [ImageInfo], now: Int64) -> Table {
        let rows = images.flatMap { image in
            (image.references.isEmpty ? ["<none>"] : image.references).map { reference in
                [
                    reference.familiarReference, image.shortID, image.platform,
                    "\(Age(from: image.loadedAt, to: now)) ago", image.size.asSize,
                ]
            }
        }
        return Table(header: ["REFERENCE", "IMAGE ID", "PLATFORM", "LOADED", "SIZE"], rows: rows)
    }
}

extension ImageInfo {
    /// The first 12 digits: enough to name it.
    var shortID: String { String((id.hasPrefix("sha256:") ? id.dropFirst(7) : id[...]).prefix(12)) }
}
