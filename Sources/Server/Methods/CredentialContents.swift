internal import Linux
internal import Model
internal import Wire

extension RequestContext {
    /// The contents that came with a request, by their names.
    func contents(of credentials: [CredentialContent]?) async throws -> [String: [UInt8]] {
        var found: [String: [UInt8]] = [:]
        for credential in credentials ?? [] {
            found[credential.name] = try await content(of: credential)
        }
        return found
    }

    private func content(of credential: CredentialContent) async throws -> [UInt8] {
        if let text = credential.content, credential.descriptor == nil {
            guard let bytes = [UInt8](base64: text) else { throw refused(credential, "its content is not base64") }
            return bytes
        }
        guard credential.content == nil, let file = try descriptor(credential.descriptor) else {
            throw refused(credential, "give content or descriptor, and one of them only")
        }
        // Anything else could keep the reader waiting for ever.
        guard let status = try? file.status(), status.kind == .regular, status.size <= CredentialSpec.sizeLimit else {
            throw refused(credential, "its descriptor must be of a file of at most 1 MiB")
        }
        return try await read(file)
    }

    @concurrent private func read(_ file: Descriptor) async throws -> [UInt8] {
        try file.read(at: 0, upTo: CredentialSpec.sizeLimit)
    }

    private func refused(_ credential: CredentialContent, _ why: String) -> AgentError {
        AgentError(.requestInvalid, "the credential \"\(credential.name)\" can't be taken: \(why)")
    }
}
