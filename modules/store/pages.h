/* Pages of databases on their way from the disk to Berkeley DB. */
#ifndef STORE_PAGES_H
#define STORE_PAGES_H

#include <moxd/base.h>

enum {
    STORE_PAGE_SIZE = 4096
}; /* a block of usual file systems: the least that a power cut can tear */

/* From now on a page that is not the one that was asked for is made to fail Berkeley DB's checksum. It
 * has one itself, but takes a page of zeros, as power cuts and bad disks leave them, for a new one, and
 * searches in it for ever; and a whole page in the wrong place for a right one. Not during recovery,
 * which meets pages that were never written. For the whole process. */
void store_pages_check(bool on);

#endif
