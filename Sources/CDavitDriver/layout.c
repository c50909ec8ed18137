#include <davit/driver.h>
