internal import Linux
internal import Model

extension Engine {
    /// Refuses contents that the spec does not know, and credentials that have none.
    func check(_ contents: [String: [UInt8]], for spec: ContainerSpec) throws(AgentError) {
        let credentials = spec.credentials ?? []
        for (name, bytes) in contents {
            guard let credential = credentials.first(where: { $0.name == name }), credential.source == nil else {
                throw AgentError(
                    .requestInvalid, "the content for the credential \"\(name)\" is not asked for by the spec")
            }
            guard bytes.count <= CredentialSpec.sizeLimit else {
                throw AgentError(.requestInvalid, "the credential \"\(name)\" has more than 1 MiB")
            }
        }
        if let missing = credentials.first(where: { $0.source == nil && contents[$0.name] == nil }) {
            throw AgentError(
                .credentialMissing,
                "the credential \"\(missing.name)\" has no content: give its source, a file on the host, or send it along"
            )
        }
    }

    /// Reads them anew for each start.
    func credentials(of container: Container) async throws -> CredentialFiles {
        let (spec, kept) = (container.record.spec.credentials ?? [], container.credentials)
        let (ledger, record) = (parts.ledger, container.record)
        return try await blocking {
            try CredentialFiles(
                spec.map { credential in
                    do {
                        let bytes =
                            if let source = credential.source {
                                try Directory(path: "/").read(source, limit: CredentialSpec.sizeLimit)
                            } else { try kept[credential.name] ?? ledger.credential(credential.name, of: record) }
                        return (credential.name, bytes)
                    } catch let error as Errno {
                        throw AgentError(
                            .credentialMissing,
                            "the credential \"\(credential.name)\" can't be read from \(credential.source ?? "its copy")"
                        ).caused(by: error)
                    }
                })
        }
    }
}

extension Ledger {
    private static let credentialsName = "credentials"

    /// Keeps what came with the request, readable by root alone.
    func write(_ credentials: [String: [UInt8]], in home: Directory) throws {
        guard !credentials.isEmpty else { return }
        let place = try home.makeDirectories(Self.credentialsName, mode: 0o700)
        for (name, bytes) in credentials {
            let file = try place.open(name, [.writeOnly, .create, .exclusive], mode: 0o400)
            try file.write(bytes)
            try file.synchronize()
        }
        try place.descriptor.synchronize()
    }

    func credential(_ name: String, of record: ContainerRecord) throws -> [UInt8] {
        try home(of: record).directory(Self.credentialsName).read(name, limit: CredentialSpec.sizeLimit)
    }
}
