#include <elf.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/syscall.h>
#include <unistd.h>

/*
 * From the kernel's entry to main. The C library's own start reads the processor's features (slow in a virtual machine),
 * tunables and relocations, and writes to ten pages; of the library the monitor uses system calls only, and these need
 * nothing but errno. So: no constructors, no stdio, one thread.
 */

int main(int argc, char **argv);

/*
 * What the thread register points into. The C library's own thread record is on one side of it (2304 bytes in 2.36, zeros
 * mean a single thread), our thread-local variables on the other.
 */
enum { AREA = 8192, VARIABLES = 1024 };
static _Alignas(64) char area[AREA];

#if defined(__x86_64__)
__asm__(".globl _start\n"
        "_start:\n"
        "    xor %ebp, %ebp\n"
        "    mov %rsp, %rdi\n"
        "    and $-16, %rsp\n"
        "    call davit_start\n"
        "    hlt\n");
enum { ARCH_SET_FS = 0x1002 };
/* Variables lie below the register, which points to its own address; the stack guard is the sixth word. */
static char *const thread = area + VARIABLES;
static char *variables(size_t size, size_t alignment) { return thread - ((size + alignment - 1) & ~(alignment - 1)); }
static void set_thread(uintptr_t guard)
{
    *(char **)thread = thread;
    ((char **)thread)[2] = thread;
    ((uintptr_t *)thread)[5] = guard;
    long result;
    __asm__ volatile("syscall"
                     : "=a"(result)
                     : "0"((long)SYS_arch_prctl), "D"((long)ARCH_SET_FS), "S"(thread)
                     : "rcx", "r11", "memory");
}
#elif defined(__aarch64__)
__asm__(".globl _start\n"
        "_start:\n"
        "    mov x29, #0\n"
        "    mov x30, #0\n"
        "    mov x0, sp\n"
        "    bl davit_start\n"
        "    brk #0\n");
/* Variables lie above the register, behind two words; the stack guard is a variable of its own. */
uintptr_t __stack_chk_guard;
static char *const thread = area + AREA - VARIABLES;
static char *variables(size_t size, size_t alignment)
{
    (void)size;
    return thread + (alignment > 16 ? alignment : 16);
}
static void set_thread(uintptr_t guard)
{
    __stack_chk_guard = guard;
    __asm__ volatile("msr tpidr_el0, %0" : : "r"(thread) : "memory");
}
#endif

/* The initial values of thread-local variables. False: there are more than we have room for. */
__attribute__((no_stack_protector)) static int place_variables(const Elf64_Phdr *headers, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const Elf64_Phdr *header = headers + i;
        if (header->p_type != PT_TLS)
            continue;
        if (header->p_memsz + header->p_align > VARIABLES || header->p_align > 64)
            return 0;
        char *to = variables(header->p_memsz, header->p_align ? header->p_align : 1);
        const char *from = (const char *)header->p_vaddr;
        for (size_t at = 0; at < header->p_filesz; at++)
            ((volatile char *)to)[at] = from[at];
    }
    return 1;
}

/*
 * Functions that the C library has in several versions (strcmp, strchr, ...) are called through pointers that its start
 * would fill in. Nothing of ours calls one; were one called, it must not be a jump into nowhere. Without the processor's
 * features, which nobody read, each resolver answers the version that runs everywhere.
 */
extern const Elf64_Rela __rela_iplt_start[] __attribute__((weak, visibility("hidden")));
extern const Elf64_Rela __rela_iplt_end[] __attribute__((weak, visibility("hidden")));
__attribute__((no_stack_protector)) static void resolve_versions(void)
{
    for (const Elf64_Rela *entry = __rela_iplt_start; entry < __rela_iplt_end; entry++)
        *(uintptr_t *)entry->r_offset = ((uintptr_t(*)(uintptr_t))entry->r_addend)(0);
}

/* The kernel's list behind the environment. */
__attribute__((no_stack_protector)) static const Elf64_auxv_t *auxiliary(const uintptr_t *stack)
{
    const uintptr_t *at = stack + 1 + stack[0] + 1;
    while (*at)
        at++;
    return (const Elf64_auxv_t *)(at + 1);
}

__attribute__((no_stack_protector, noreturn, used)) void davit_start(const uintptr_t *stack)
{
    const Elf64_Phdr *headers = NULL;
    size_t count = 0;
    uintptr_t guard = 0;
    for (const Elf64_auxv_t *entry = auxiliary(stack); entry->a_type != AT_NULL; entry++) {
        if (entry->a_type == AT_PHDR)
            headers = (const Elf64_Phdr *)entry->a_un.a_val;
        else if (entry->a_type == AT_PHNUM)
            count = entry->a_un.a_val;
        else if (entry->a_type == AT_RANDOM)
            guard = *(const uintptr_t *)entry->a_un.a_val & ~(uintptr_t)0xff; /* a string stops at its first byte */
    }
    int placed = place_variables(headers, count);
    set_thread(guard);
    resolve_versions();
    _exit(placed ? main((int)stack[0], (char **)(stack + 1)) : 127);
}

_Noreturn void __stack_chk_fail(void)
{
    for (;;)
        __builtin_trap();
}
