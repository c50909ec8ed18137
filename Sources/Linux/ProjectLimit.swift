internal import CLinux

/// Limits on what a directory tree may take on its file system, by project (`quotactl_fd`, Linux 5.14): ext4 with the
/// feature `project` and XFS, mounted with `prjquota`.
extension Directory {
    /// Whether limits of projects hold here. Throws where the file system or the kernel knows of none.
    public func enforcesProjectLimits() throws(Errno) -> Bool { try check(davit_project_limits_hold(number)) != 0 }

    /// The project that this directory's tree is counted for; 0 for none (`FS_IOC_FSGETXATTR`).
    public func project() throws(Errno) -> UInt32 {
        var project: UInt32 = 0
        try check(unsafe davit_get_project(number, &project))
        return project
    }

    /// Counts this directory, and what is made in it from now on, for `project` (`FS_IOC_FSSETXATTR`).
    ///
    /// Nothing can be moved here from a directory of another project.
    public func setProject(_ project: UInt32) throws(Errno) { try check(davit_set_project(number, project)) }

    /// Sets what a project may take on this directory's file system (`Q_SETQUOTA`), rounded up to KiB.
    public func limitProject(_ project: UInt32, bytes: Int64) throws(Errno) {
        try check(davit_set_project_limit(number, project, UInt64(clamping: bytes)))
    }
}
