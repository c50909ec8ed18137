public import JSON
public import Linux
public import Model

/// An image that is made from what a container wrote.
public struct ImageCommit: Sendable {
    /// The image that the container was made from.
    public var parent: String
    public var config: ImageConfig
    public var reference: ImageReference?
    public var author: String?
    public var message: String?
    /// Nanoseconds since 1970.
    public var time: Int64

    public init(
        parent: String, config: ImageConfig, reference: ImageReference? = nil, author: String? = nil,
        message: String? = nil, time: Int64
    ) {
        self.parent = parent
        self.config = config
        self.reference = reference
        self.author = author
        self.message = message
        self.time = time
    }

    /// The configuration of the image after the OCI image specification, but for the new layer's digest.
    public func document(on parent: ImageRecord) throws -> JSONValue {
        let created = JSONValue.string(rfc3339(time))
        let history: JSONValue = [
            "created": created, "created_by": "davit commit", "comment": .string(message ?? ""),
            "author": .string(author ?? ""),
        ]
        return [
            "created": created, "author": .string(author ?? ""), "os": .string(parent.platform.os),
            "architecture": .string(parent.platform.architecture), "config": try JSONValue(encoding: config),
            "rootfs": [
                "type": "layers", "diff_ids": .array(parent.layers.map { .string("sha256:\($0.id)") }),
            ],
            "history": [history],
        ]
    }
}

/// `2026-11-24T01:02:03Z`: days since 1970 in the Gregorian calendar, where years begin in March.
private func rfc3339(_ nanoseconds: Int64) -> String {
    let seconds = nanoseconds / 1_000_000_000
    let shifted = seconds / 86400 + 719_468
    let era = shifted / 146_097
    let dayOfEra = shifted % 146_097
    let yearOfEra = (dayOfEra - dayOfEra / 1460 + dayOfEra / 36524 - dayOfEra / 146_096) / 365
    let dayOfYear = dayOfEra - (365 * yearOfEra + yearOfEra / 4 - yearOfEra / 100)
    let month = (5 * dayOfYear + 2) / 153
    let day = dayOfYear - (153 * month + 2) / 5 + 1
    let calendarMonth = month < 10 ? month + 3 : month - 9
    let year = yearOfEra + era * 400 + (month < 10 ? 0 : 1)
    let two = { (number: Int64) in (number < 10 ? "0" : "") + "\(number)" }
    let time = [seconds / 3600 % 24, seconds / 60 % 60, seconds % 60].map(two).joined(separator: ":")
    return "\(year)-\(two(calendarMonth))-\(two(day))T\(time)Z"
}

extension ImageStore {
    /// Makes an image of its parent's layers and an archive over them. All or nothing.
    ///
    /// `archive` is the file that `packed` tells of, with `ImageCommit.document(on:)` as the pack job's document.
    public func commit(_ commit: ImageCommit, archive: Descriptor, _ packed: PackedArchive) async throws -> Image {
        let parent = try get(commit.parent).record
        guard let digest = packed.documentDigest else {
            throw AgentError(.hostFailed, "davit-image gave the wrong answer")
        }
        let above = FoundLayer(
            size: packed.bytes, mediaType: "application/vnd.oci.image.layer.v1.tar", diffID: packed.digest)
        let found = FoundImage(
            id: "sha256:\(digest)", names: [], platform: parent.platform, config: commit.config,
            layers: parent.layers.map { FoundLayer(size: 0, diffID: $0.id) } + [above])
        return try await load(found, archive, commit.reference)
    }
}
