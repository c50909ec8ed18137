#define _GNU_SOURCE
#include "CLinux.h"
#include "call.h"

#include <linux/bpf.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

_Static_assert(sizeof(struct bpf_insn) == sizeof(uint64_t), "struct bpf_insn of <linux/bpf.h>");

int davit_filter_devices(int cgroup, const uint64_t *instructions, size_t count)
{
    union bpf_attr load;
    memset(&load, 0, sizeof load);
    load.prog_type = BPF_PROG_TYPE_CGROUP_DEVICE;
    load.insns = (uint64_t)(uintptr_t)instructions;
    load.insn_cnt = (uint32_t)count;
    load.license = (uint64_t)(uintptr_t) "MIT";
    int program = (int)DAVIT_CALL(syscall(SYS_bpf, BPF_PROG_LOAD, &load, sizeof load));
    if (program < 0)
        return program;
    union bpf_attr attach;
    memset(&attach, 0, sizeof attach);
    attach.target_fd = (uint32_t)cgroup;
    attach.attach_bpf_fd = (uint32_t)program;
    attach.attach_type = BPF_CGROUP_DEVICE;
    /* Beside those of the groups above: all must agree. */
    attach.attach_flags = BPF_F_ALLOW_MULTI;
    int result = (int)DAVIT_CALL(syscall(SYS_bpf, BPF_PROG_ATTACH, &attach, sizeof attach));
    close(program);
    return result;
}
