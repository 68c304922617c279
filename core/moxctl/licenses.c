/* Under which licences moxd and what it is linked with may be used. Debian keeps the full texts of the
 * libraries' licences in /usr/share/doc/PACKAGE/copyright. */
#include "moxctl/moxctl.h"

#include <stdio.h>

/* The file LICENSE; a test compares. */
static const char own[] =
    "MIT License\n"
    "\n"
    "Copyright (c) 2026 the moxd authors\n"
    "\n"
    "Permission is hereby granted, free of charge, to any person obtaining a copy\n"
    "of this software and associated documentation files (the \"Software\"), to deal\n"
    "in the Software without restriction, including without limitation the rights\n"
    "to use, copy, modify, merge, publish, distribute, sublicense, and/or sell\n"
    "copies of the Software, and to permit persons to whom the Software is\n"
    "furnished to do so, subject to the following conditions:\n"
    "\n"
    "The above copyright notice and this permission notice shall be included in all\n"
    "copies or substantial portions of the Software.\n"
    "\n"
    "THE SOFTWARE IS PROVIDED \"AS IS\", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR\n"
    "IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,\n"
    "FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE\n"
    "AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER\n"
    "LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,\n"
    "OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE\n"
    "SOFTWARE.\n";

static const struct {
    const char *library, *package, *licence;
} libraries[] = {
    { "Berkeley DB", "libdb5.3", "Sleepycat" },
    { "libcrypt", "libcrypt1", "LGPL-2.1+" },
    { "libev", "libev4", "BSD-2-Clause" },
    { "libevent", "libevent-2.1-7", "BSD-3-Clause" },
    { "GNU SASL", "libgsasl18", "LGPL-2.1+" },
    { "libidn2", "libidn2-0", "LGPL-3+ or GPL-2+" },
    { "libunistring", "libunistring2", "LGPL-3+ or GPL-2+" },
    { "OpenSSL", "libssl3", "Apache-2.0" },
    { "SQLite", "libsqlite3-0", "public domain (for the module search)" },
    { "Unbound", "libunbound8", "BSD-3-Clause" },
};

int moxctl_licenses(struct moxctl *x, int argc, char **argv)
{
    (void)x, (void)argc, (void)argv;
    printf("%s\nLinked with, in the packages of Debian:\n\n", own);
    for (size_t i = 0; i < MOXD_NELEMS(libraries); i++)
        printf("%-14s %-16s %s\n", libraries[i].library, libraries[i].package,
               libraries[i].licence);
    return MOXCTL_OK;
}
