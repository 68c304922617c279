/* Whose event functions does this process have? libev exports libevent's names, and libunbound,
 * which is built for libevent, corrupts the heap when it gets libev's. m4/moxd_libevent.m4 tells
 * the whole story. */
#ifndef MOXD_CORE_EVENT_ANCHOR_H
#define MOXD_CORE_EVENT_ANCHOR_H

/* The path of the library that event_base_new comes from, if it is not libevent; NULL when all is
 * well. Start-up refuses with the path in its message. The string is static. */
const char *moxd_event_intruder(void);

#endif
