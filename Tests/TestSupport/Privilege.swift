internal import Linux

/// Whether the tests may do what only root may.
public let isRoot = (try? PeerCredentials(of: SocketPair(.stream).a))?.uid == 0
