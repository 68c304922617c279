/* The version of this build. */
#ifndef MOXD_VERSION_H
#define MOXD_VERSION_H

/* "0.1.0": static, never NULL. */
const char *moxd_version(void);

#endif
