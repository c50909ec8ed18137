internal import CLinux

extension Descriptor {
    /// The process's own output; never closed, since these live as long as the process.
    public static let standardOutput = Descriptor(owning: 1)
    public static let standardError = Descriptor(owning: 2)
}

extension Process {
    /// Ends this process at once (`_exit`); what is buffered in C streams is lost.
    public static func exit(_ status: Int32) -> Never { davit_exit(status) }
}
