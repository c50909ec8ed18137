internal import Drivers
internal import Linux

/// `{"type":"born"}`, `{"type":"host"}` or `{"type":"made","descriptor":0}`.
public struct NamespaceBody: Sendable, Codable {
    enum Kind: String, Sendable, Codable {
        case born, host, made
    }

    var type: Kind
    var descriptor: Int?

    init(_ namespace: Attachment.Namespace, _ descriptors: inout [Descriptor]) {
        switch namespace {
        case .born: type = .born
        case .host: type = .host
        case .made(let made):
            type = .made
            descriptor = descriptors.add(made)
        }
    }

    func namespace(_ descriptors: [Descriptor]) throws -> Attachment.Namespace {
        switch type {
        case .born: .born
        case .host: .host
        case .made: try .made(descriptors.at(descriptor ?? -1, "namespace.descriptor"))
        }
    }
}
