#pragma once
/* What only a storage driver needs; part of CLinux.h, whose rules hold here. */
#include <stdint.h>

#pragma clang assume_nonnull begin

/* mount(2), the old way in: a page of options, where fsconfig takes 255 bytes a value. */
int davit_mount(const char *type, const char *target, const char *options);
/* FS_IOC_SETFLAGS with FS_TOPDIR_FL: ext2 to ext4 spread the directories made in it over the disk. */
int davit_scatter_directories(int directory);
/* The calling thread gets the lowest processor and disk priority. */
int davit_lowest_priority(void);

struct davit_extent {
    uint64_t inode, device, bytes_on_disk;
    uint32_t links;
};
/* fstatat without following links. */
int davit_extent(int directory, const char *name, struct davit_extent *ret_extent);

/* The size of an extended attribute, or an error. */
int64_t davit_attribute_size(int descriptor, const char *name);
/* The magic number of the file system (statfs), such as PROC_SUPER_MAGIC. */
int64_t davit_file_system(int descriptor);

#pragma clang assume_nonnull end
