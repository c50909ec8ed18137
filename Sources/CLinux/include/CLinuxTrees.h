#pragma once
/* Copies of directory trees, and limits on them; part of CLinux.h, whose rules hold here. */
#include <stdint.h>

#pragma clang assume_nonnull begin

/* What an entry of a directory is to a copy. */
enum davit_copy_kind { DAVIT_COPY_DONE = 0, DAVIT_COPY_DIRECTORY = 1, DAVIT_COPY_LEFT_OUT = 2 };

/* Copies the entry `name`, links not followed: a file with its holes, attributes, owner, mode and times; a link; a FIFO.
   A directory is only made, for its owner alone. Sockets and devices are left out. Returns enum davit_copy_kind. */
int davit_copy_entry(int from, const char *name, int to);
/* Gives one open directory the attributes, owner, mode and times of another. */
int davit_copy_directory_status(int from, int to);
/* linkat without following links: `name` in `to` becomes one more name of `path`, which lies below `root`. */
int davit_link(int root, const char *path, int to, const char *name);

/* FS_IOC_FSGETXATTR: the project of a file or directory. */
int davit_get_project(int file, uint32_t *ret_project);
/* FS_IOC_FSSETXATTR with FS_XFLAG_PROJINHERIT: what is made in the directory belongs to the project, too. */
int davit_set_project(int directory, uint32_t project);
/* quotactl_fd(Q_XGETQSTAT): whether this file system enforces limits of projects. Linux 5.14. */
int davit_project_limits_hold(int file);
/* quotactl_fd(Q_SETQUOTA): what a project may have on this file system. Linux 5.14. */
int davit_set_project_limit(int file, uint32_t project, uint64_t bytes);

#pragma clang assume_nonnull end
