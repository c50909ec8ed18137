internal import CLinux

extension Descriptor {
    /// A new descriptor of the open file behind a number that somebody else owns (`fcntl(F_DUPFD_CLOEXEC)`).
    public convenience init(duplicating number: Int32) throws(Errno) {
        self.init(owning: try check(davit_duplicate(number, 3)))
    }
}
