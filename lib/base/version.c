#include <moxd/version.h>

const char *moxd_version(void)
{
    return PACKAGE_VERSION;
}
