/* davit/driver.h: all that a Davit driver needs.
 *
 * A driver is a shared object that exports one function, davit_driver_entry_v1, beside a manifest NAME.driver.json.
 * This interface only moves JSON objects and descriptors; what they mean is in docs/drivers.md, method by method. So a
 * new method never changes this file. C99, UTF-8 texts, 64-bit hosts.
 *
 * Growth: every struct begins with its size. New fields go to the end, and are read only when the size covers them.
 *
 * Errors are JSON objects {"code","message","retryable","details","cause"}, code being one of the closed list.
 */
#ifndef DAVIT_DRIVER_H
#define DAVIT_DRIVER_H

#include <stddef.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#if defined(__clang__)
#pragma clang assume_nonnull begin
#define DAVIT_NULLABLE _Nullable
#else
#define DAVIT_NULLABLE
#endif

#define DAVIT_DRIVER_MAGIC 0x6472697665723031ull /* "driver01" */
#define DAVIT_DRIVER_ABI 1u

/* What an `open` or `call` returns. */
#define DAVIT_OK 0    /* the reply holds the result */
#define DAVIT_ERROR 1 /* the reply holds an error object */

/* Levels of `log`, as syslog has them. */
#define DAVIT_LOG_ERROR 3
#define DAVIT_LOG_WARNING 4
#define DAVIT_LOG_INFO 6
#define DAVIT_LOG_DEBUG 7

/* What a driver may ask of the host. Valid from `open` until `close` has returned; callable from any thread; nothing here
 * blocks. Texts are borrowed for the call, and need no NUL at their end. */
typedef struct davit_host {
    size_t size;
    uint32_t abi;
    uint32_t reserved;
    void *DAVIT_NULLABLE context; /* pass it back to each function */
    /* Writes one line to the agent's log. */
    void (*log)(void *DAVIT_NULLABLE context, int32_t level, const char *text, size_t length);
    /* Tells how far an operation is, as a JSON object. Ignored after the operation's call has returned. */
    void (*progress)(void *DAVIT_NULLABLE context, uint64_t operation, const char *json, size_t length);
    /* Tells of something that happened by itself, as a JSON object. The agent tells on what a network driver says of a
     * network, {"event":"network.conflict","network":NAME,"error":{...}} or {"event":"network.clear","network":NAME}; all
     * else goes to its log. */
    void (*event)(void *DAVIT_NULLABLE context, const char *json, size_t length);
    /* A further table of functions by name, or NULL when this host has none such. May itself be NULL. */
    const void *DAVIT_NULLABLE (*DAVIT_NULLABLE extension)(void *DAVIT_NULLABLE context, const char *name);
} davit_host;

/* One request. All of it is borrowed: it is gone when `call` returns. */
typedef struct davit_call {
    size_t size;
    uint64_t operation;      /* unique while the driver is loaded; what `cancel` names */
    uint64_t deadline;       /* CLOCK_MONOTONIC nanoseconds after which nobody waits any more */
    const char *method;      /* ends with a NUL */
    const char *params;      /* a JSON object; ends with a NUL */
    size_t params_length;    /* without the NUL */
    const int32_t *DAVIT_NULLABLE fds; /* named in params by index; the host's: dup what you keep, close none */
    size_t fd_count;
} davit_call;

/* One answer. The host brings it zeroed but for `size`; the driver fills it in; the host calls `release` exactly once
 * after each `open` and `call`, whatever they returned. */
typedef struct davit_reply {
    size_t size;
    const char *DAVIT_NULLABLE json; /* a JSON object: a result or an error; the driver's until `release` */
    size_t json_length;
    const int32_t *DAVIT_NULLABLE fds; /* the array is the driver's; the descriptors are the host's after return */
    size_t fd_count;                   /* 32 at most, each open and named once */
    void *DAVIT_NULLABLE owner;        /* whatever `release` needs */
} davit_reply;

/* The driver. Lives as long as the process: a driver is never unloaded. */
typedef struct davit_driver {
    size_t size;
    uint64_t magic; /* DAVIT_DRIVER_MAGIC */
    uint32_t abi;   /* DAVIT_DRIVER_ABI of the header it was compiled with */
    uint32_t reserved;
    void *DAVIT_NULLABLE context; /* the driver's own */
    /* What NAME.driver.json holds, but without "sha256": a JSON object that ends with a NUL. */
    const char *manifest;

    /* Makes an instance from its configuration, a JSON object. Must change nothing on the host: it also runs in a child
     * process that tries the driver out. Blocks briefly. `host` stays valid until `close`. Called on any thread. */
    int32_t (*open)(const struct davit_driver *driver, const davit_host *host, const char *config,
                    size_t config_length, void *DAVIT_NULLABLE *DAVIT_NULLABLE ret_self, davit_reply *ret_reply);

    /* Carries out one method. May block up to the deadline; the host gives up by itself then, and drops a late answer.
     * From one thread for a driver whose manifest says "serial", from several at once for a "concurrent" one. Every
     * method is idempotent, keyed by the ids in params. Must not raise signals, fork without exec, or change the
     * process (umask, directory, credentials, namespaces of a thread it was called on). */
    int32_t (*call)(void *DAVIT_NULLABLE self, const davit_call *call, davit_reply *ret_reply);

    /* A hint that nobody waits for an operation any more. From any thread, at any time, also after its end; never
     * blocks. `call` still returns. */
    void (*cancel)(void *DAVIT_NULLABLE self, uint64_t operation);

    /* Ends an instance, once no call is under way. */
    void (*close)(void *DAVIT_NULLABLE self);

    /* Frees what a reply holds, but closes none of its descriptors. From any thread. */
    void (*release)(davit_reply *reply);
} davit_driver;

/* The one exported symbol. Quick, free of side effects, gives the same table each time. */
#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
const davit_driver *davit_driver_entry_v1(void);

#if defined(__clang__)
#pragma clang assume_nonnull end
#endif

#ifdef __cplusplus
}
#endif

#endif
