public import Drivers
public import Model

public enum ContainerCopyOut: Method {
    public static let name = "container.copy_out"
    public static let summary = "Write a file or directory of a container as a tar archive to a descriptor."
    public static let right = Right.operate
    public static let errors: [ErrorCode] = [.containerNotFound, .pathNotFound, .requestInvalid]
    public struct Params: Sendable, Codable {
        public var container: String
        /// In the container; links in its directories are followed inside it. With a slash at the end only what is in it.
        public var path: String
        /// The index of the descriptor that takes the archive; a pipe or a file.
        public var archive: Int
        /// What the thing is called in the archive; default its own name.
        public var name: String?

        public init(container: String, path: String, archive: Int, name: String? = nil) {
            self.container = container
            self.path = path
            self.archive = archive
            self.name = name
        }
    }
    public typealias Result = ArchiveInfo
}

public enum ContainerExport: Method {
    public static let name = "container.export"
    public static let summary = "Write a container's whole root file system as a tar archive to a descriptor."
    public static let right = Right.operate
    public static let errors: [ErrorCode] = [.containerNotFound, .requestInvalid]
    public struct Params: Sendable, Codable {
        public var container: String
        /// The index of the descriptor that takes the archive.
        public var archive: Int

        public init(container: String, archive: Int) {
            self.container = container
            self.archive = archive
        }
    }
    public typealias Result = ArchiveInfo
}

/// An archive that was written.
public struct ArchiveInfo: Sendable, Codable {
    /// The sha256 of the archive.
    public var digest: LayerID
    public var bytes: Int64
    public var entries: Int64
    public var directory: Bool

    public init(_ archive: PackedArchive) {
        digest = archive.digest
        bytes = archive.bytes
        entries = archive.entries
        directory = archive.isDirectory
    }
}

public enum ContainerCopyIn: Method {
    public static let name = "container.copy_in"
    public static let summary = "Unpack a tar archive from a descriptor into a container, as cp would copy."
    public static let changes = true
    public static let right = Right.operate
    public static let errors: [ErrorCode] = [.containerNotFound, .pathNotFound, .requestInvalid, .imageInvalid]
    public struct Params: Sendable, Codable {
        public var container: String
        /// In the container. A directory that is there takes the thing; else its parent must be one.
        public var path: String
        /// The index of the descriptor with the archive.
        public var archive: Int
        /// What the thing is called when `path` is a directory; absent: the archive holds a directory's content alone.
        public var name: String?

        public init(container: String, path: String, archive: Int, name: String? = nil) {
            self.container = container
            self.path = path
            self.archive = archive
            self.name = name
        }
    }
    public struct Result: Sendable, Codable {
        /// Bytes of file content.
        public var size: Int64
        public var entries: Int64

        public init(size: Int64, entries: Int64) {
            self.size = size
            self.entries = entries
        }
    }
}

public enum ContainerDiff: Method {
    public static let name = "container.diff"
    public static let summary = "What a container added, changed or deleted in its root, by path."
    public static let streams = true
    public static let right = Right.read
    public static let errors: [ErrorCode] = [.containerNotFound]
    public typealias Params = ContainerTarget
    public typealias Result = Done
    public typealias Item = RootfsChange
}

public enum ContainerCommit: Method {
    public static let name = "container.commit"
    public static let summary = "Make an image of a container's image and what the container wrote over it."
    public static let changes = true
    public static let right = Right.create
    public static let errors: [ErrorCode] = [.containerNotFound, .containerWrongState, .imageReferenceInvalid]
    public struct Params: Sendable, Codable {
        public var container: String
        public var reference: String?
        public var author: String?
        public var message: String?
        /// Let its processes stand still meanwhile; default true.
        public var pause: Bool?
        /// Each given one takes the place of the image's own.
        public var entrypoint: [String]?
        public var command: [String]?
        public var workingDirectory: String?
        public var user: String?
        public var stopSignal: String?
        /// Added to the image's own.
        public var environment: [String]?
        public var labels: [String: String]?

        public init(container: String, reference: String? = nil) {
            self.container = container
            self.reference = reference
        }

        enum CodingKeys: String, CodingKey {
            case container, reference, author, message, pause, entrypoint, command, user, environment, labels
            case workingDirectory = "working_directory"
            case stopSignal = "stop_signal"
        }
    }
    public typealias Result = ImageInfo
}
