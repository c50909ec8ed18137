/* The layout that drivers of every language were compiled with: a failure here is a broken ABI, not a broken test. */
#include <davit/driver.h>

#define AT(type, field, offset) _Static_assert(offsetof(type, field) == (offset), #type "." #field " moved")

_Static_assert(sizeof(void *) == 8 && sizeof(size_t) == 8, "64-bit hosts only");

AT(davit_host, size, 0);
AT(davit_host, abi, 8);
AT(davit_host, context, 16);
AT(davit_host, log, 24);
AT(davit_host, progress, 32);
AT(davit_host, event, 40);
AT(davit_host, extension, 48);
_Static_assert(sizeof(davit_host) == 56, "davit_host grew");

AT(davit_call, size, 0);
AT(davit_call, operation, 8);
AT(davit_call, deadline, 16);
AT(davit_call, method, 24);
AT(davit_call, params, 32);
AT(davit_call, params_length, 40);
AT(davit_call, fds, 48);
AT(davit_call, fd_count, 56);
_Static_assert(sizeof(davit_call) == 64, "davit_call grew");

AT(davit_reply, size, 0);
AT(davit_reply, json, 8);
AT(davit_reply, json_length, 16);
AT(davit_reply, fds, 24);
AT(davit_reply, fd_count, 32);
AT(davit_reply, owner, 40);
_Static_assert(sizeof(davit_reply) == 48, "davit_reply grew");

AT(davit_driver, size, 0);
AT(davit_driver, magic, 8);
AT(davit_driver, abi, 16);
AT(davit_driver, context, 24);
AT(davit_driver, manifest, 32);
AT(davit_driver, open, 40);
AT(davit_driver, call, 48);
AT(davit_driver, cancel, 56);
AT(davit_driver, close, 64);
AT(davit_driver, release, 72);
_Static_assert(sizeof(davit_driver) == 80, "davit_driver grew");
