/* A small driver in plain C, good as it stands, with one fault for each FAULT_... that it is compiled with.
 *
 *   cc -shared -fPIC -I Sources/CDavitDriver/include -DKIND='"network"' -DMETHODS='"attach","detach"' driver.c
 */
#include <davit/driver.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#ifndef KIND
#define KIND "network"
#endif
#ifndef NAME
#define NAME "sample"
#endif
#ifndef METHODS
#define METHODS "\"attach\",\"detach\""
#endif
#ifndef CONCURRENCY
#define CONCURRENCY "concurrent"
#endif

#define MANIFEST                                                                                                       \
    "{\"name\":\"" NAME "\",\"kind\":\"" KIND "\",\"version\":\"1.0\",\"abi\":{\"min\":1,\"max\":1},"                  \
    "\"methods\":[\"describe\",\"status\",\"recover\",\"gc\"," METHODS "],\"concurrency\":\"" CONCURRENCY "\","        \
    "\"needs\":{\"capabilities\":[],\"kernel\":[]},\"features\":[],\"config_schema\":{}}"

/* A real one: a raised signal would come back from a handler that writes a backtrace. */
#if defined(FAULT_CRASH_ON_LOAD)
__attribute__((constructor))
#endif
__attribute__((unused)) static void crash(void)
{
    *(volatile int *)8 = 0;
}

static int32_t answer(davit_reply *reply, int32_t result, const char *json)
{
    reply->json = json;
    reply->json_length = strlen(json);
    return result;
}

static int32_t sample_open(const davit_driver *driver, const davit_host *host, const char *config,
                           size_t config_length, void **ret_self, davit_reply *ret_reply)
{
    (void)driver, (void)config;
#if defined(FAULT_CRASH_IN_OPEN)
    crash();
#elif defined(FAULT_EXIT_IN_OPEN)
    _exit(0);
#elif defined(FAULT_OPEN_REFUSES)
    (void)ret_self, (void)config_length;
    return answer(ret_reply, DAVIT_ERROR, "{\"code\":\"config.invalid\",\"message\":\"no bridge is named\"}");
#endif
    if (config_length == 0)
        return answer(ret_reply, DAVIT_ERROR, "{\"code\":\"config.invalid\",\"message\":\"empty\"}");
    host->log(host->context, DAVIT_LOG_INFO, "sample is open", strlen("sample is open"));
    *ret_self = (void *)host;
    return answer(ret_reply, DAVIT_OK, "{}");
}

/* The methods that the tests call; each name that a fault is about is compared first. */
static int32_t sample_call(void *self, const davit_call *call, davit_reply *ret_reply)
{
    (void)self;
    int describes = strcmp(call->method, "describe") == 0;
#if defined(FAULT_CRASH_IN_DESCRIBE)
    if (describes)
        crash();
#endif
#if defined(FAULT_DESCRIBE_LIES)
    if (describes)
        return answer(ret_reply, DAVIT_OK,
                      "{\"name\":\"other\",\"kind\":\"" KIND "\",\"version\":\"1.0\",\"abi\":{\"min\":1,\"max\":1},"
                      "\"methods\":[],\"concurrency\":\"" CONCURRENCY "\",\"needs\":{\"capabilities\":[],\"kernel\":[]},"
                      "\"features\":[],\"config_schema\":{}}");
#endif
    if (describes)
        return answer(ret_reply, DAVIT_OK, MANIFEST);
    if (strcmp(call->method, "status") == 0)
        return answer(ret_reply, DAVIT_OK, "{\"healthy\":true,\"message\":\"in C\"}");
#if defined(FAULT_HANG_IN_CALL)
    /* Long enough for every deadline of the tests, short enough to come back and be dropped. */
    usleep(400000);
    static _Thread_local int32_t late;
    late = open("/dev/null", O_RDONLY | O_CLOEXEC);
    ret_reply->fds = &late;
    ret_reply->fd_count = 1;
    return answer(ret_reply, DAVIT_OK, "{}");
#elif defined(FAULT_CRASH_IN_CALL)
    crash();
#elif defined(FAULT_GARBAGE_REPLY)
    return answer(ret_reply, DAVIT_OK, "{\"namespace\": oh dear");
#elif defined(FAULT_GARBAGE_OBJECT)
    return answer(ret_reply, DAVIT_OK, "{\"bananas\":3}");
#elif defined(FAULT_NO_REPLY)
    (void)ret_reply;
    return DAVIT_OK;
#elif defined(FAULT_STRANGE_RESULT)
    return answer(ret_reply, 7, "{}");
#elif defined(FAULT_UNKNOWN_ERROR)
    return answer(ret_reply, DAVIT_ERROR, "{\"code\":\"weather.bad\",\"message\":\"it rains\"}");
#elif defined(FAULT_BAD_INDEX)
    return answer(ret_reply, DAVIT_OK,
                  "{\"namespace\":{\"type\":\"made\",\"descriptor\":4},\"addresses\":[],\"resolv_conf\":\"\","
                  "\"hosts\":[],\"handle\":null,\"directory\":4,\"mount\":4,\"plan\":[[\"run\",\"0\"]],\"descriptors\":[4],"
                  "\"cgroup\":[]}");
#elif defined(FAULT_CLOSED_DESCRIPTOR)
    static const int32_t closed = 987;
    ret_reply->fds = &closed;
    ret_reply->fd_count = 1;
    return answer(ret_reply, DAVIT_OK, "{}");
#elif defined(FAULT_TOO_MANY_DESCRIPTORS)
    static const int32_t many[40];
    ret_reply->fds = many;
    ret_reply->fd_count = 40;
    return answer(ret_reply, DAVIT_OK, "{}");
#endif
    if (strcmp(call->method, "attach") == 0)
        return answer(ret_reply, DAVIT_OK,
                      "{\"namespace\":{\"type\":\"born\"},\"addresses\":[\"10.0.0.2/8\"],\"resolv_conf\":\"\","
                      "\"hosts\":[],\"handle\":{\"made\":\"in C\"}}");
    if (strcmp(call->method, "layer.begin") == 0) {
        static _Thread_local int32_t directory;
        directory = open("/", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
        ret_reply->fds = &directory;
        ret_reply->fd_count = 1;
        return answer(ret_reply, DAVIT_OK, "{\"directory\":0}");
    }
    if (strcmp(call->method, "check") == 0)
        return answer(ret_reply, DAVIT_OK, "{\"score\":50,\"missing\":[\"half\"]}");
    if (strcmp(call->method, "gc") == 0)
        return answer(ret_reply, DAVIT_OK, "{\"removed\":[\"something\"]}");
    return answer(ret_reply, DAVIT_OK, "{}");
}

static void sample_cancel(void *self, uint64_t operation) { (void)self, (void)operation; }
static void sample_close(void *self) { (void)self; }
static void sample_release(davit_reply *reply) { (void)reply; }

static const davit_driver sample = {
#if defined(FAULT_SIZE)
    .size = 24,
#else
    .size = sizeof(davit_driver),
#endif
#if defined(FAULT_MAGIC)
    .magic = 0x1234,
#else
    .magic = DAVIT_DRIVER_MAGIC,
#endif
#if defined(FAULT_ABI)
    .abi = DAVIT_DRIVER_ABI + 1,
#else
    .abi = DAVIT_DRIVER_ABI,
#endif
#if defined(FAULT_INNER_MANIFEST)
    .manifest = "{\"name\":",
#else
    .manifest = MANIFEST,
#endif
    .open = sample_open,
#if !defined(FAULT_MISSING_FUNCTION)
    .call = sample_call,
#endif
    .cancel = sample_cancel,
    .close = sample_close,
    .release = sample_release,
};

#if defined(FAULT_HANG_ON_LOAD)
__attribute__((constructor)) static void hang(void) { pause(); }
#elif defined(FAULT_UNRESOLVED)
extern int nobody_has_this(void);
int use_it(void) { return nobody_has_this(); }
#endif

#if defined(FAULT_NO_ENTRY)
const davit_driver *davit_driver_entry_v0(void) { return &sample; }
#else
const davit_driver *davit_driver_entry_v1(void) { return &sample; }
#endif
