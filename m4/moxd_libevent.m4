dnl libev.so exports libevent's names (event_base_new, event_add, ...) on top of its own event loop,
dnl with other structures. Debian's libunbound uses libevent-2.1; in a process where libev comes first
dnl in the order of symbol search, libunbound gets libev's functions and corrupts the heap.
dnl
dnl So libmoxcore, the only library that links libev, names libevent before libev, and references a
dnl function which only libevent has, so that no linker drops it. libtool may reorder libraries;
dnl therefore this builds a library and a program through libtool, in the way of libmoxcore and moxd,
dnl and looks at whose functions the process got. moxd looks again when it starts.
AC_DEFUN([MOXD_LIBEVENT], [
  AC_REQUIRE([LT_OUTPUT])
  EVENT_LIBS='-l:libevent-2.1.so.7 -lev -lunbound'
  AC_SUBST([EVENT_LIBS])
  AC_CACHE_CHECK([whose event functions libunbound gets], [moxd_cv_event_functions], [
    moxd_cv_event_functions=unknown
    rm -rf conftest.event
    mkdir conftest.event
    cat > conftest.event/core.c <<_MOXD_EOF
#include <ev.h>
#include <unbound.h>
void event_enable_debug_mode(void);
void moxd_conftest_all(void);
void (*volatile moxd_conftest_anchor)(void) = event_enable_debug_mode;
void moxd_conftest_all(void)
{
	ev_loop_destroy(ev_loop_new(0));
	ub_ctx_delete(ub_ctx_create());
}
_MOXD_EOF
    cat > conftest.event/prog.c <<_MOXD_EOF
#define _GNU_SOURCE
#include <dlfcn.h>
#include <stdio.h>
#include <string.h>
void moxd_conftest_all(void);
int main(void)
{
	Dl_info info;
	void *fn = dlsym(RTLD_DEFAULT, "event_base_new");
	moxd_conftest_all();
	if (fn == NULL || dladdr(fn, &info) == 0)
		return 1;
	puts(info.dli_fname);
	return 0;
}
_MOXD_EOF
    (
      set -e
      cd conftest.event
      lt="../libtool --tag=CC --silent"
      $lt --mode=compile $CC $CFLAGS $CPPFLAGS -c core.c -o core.lo
      $lt --mode=link $CC $CFLAGS $LDFLAGS $MOXD_LDFLAGS -no-undefined -export-symbols-regex '^moxd_' \
        -rpath /nonexistent -o libcore.la core.lo $EVENT_LIBS
      $CC $CFLAGS $CPPFLAGS -c prog.c -o prog.o
      $lt --mode=link $CC $CFLAGS $LDFLAGS $MOXD_LDFLAGS -o prog prog.o libcore.la -ldl
      $lt --mode=execute ./prog > result
    ) >&AS_MESSAGE_LOG_FD 2>&1
    AS_IF([test -s conftest.event/result],
      [moxd_cv_event_functions=`$SED -e 's,.*/,,' -e q conftest.event/result`])
    rm -rf conftest.event
  ])
  AS_CASE([$moxd_cv_event_functions],
    [libevent*], [],
    [AC_MSG_ERROR([libunbound would get the event functions of: $moxd_cv_event_functions
libev exports functions with the names of libevent's. libunbound is built for libevent, and with
libev's it corrupts the heap. The test above links a library with
  $EVENT_LIBS
through libtool, and expects event_base_new to come from libevent-2.1.so.7. Look in config.log for
"conftest.event": either libevent-2.1.so.7 is missing (Debian package libevent-2.1-7), or LDFLAGS or
LIBS put -lev before it.])])
])
