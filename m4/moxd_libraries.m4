dnl Libraries. All are looked for before configure fails, so that one run names everything missing.

dnl MOXD_FOUND(NAME, VERSION) / MOXD_MISSING(NAME, DEBIAN-PACKAGE): lines of the summary.
AC_DEFUN([MOXD_FOUND], [AS_VAR_APPEND([moxd_found], ["  $1 $2
"])])
AC_DEFUN([MOXD_MISSING], [
  AS_VAR_APPEND([moxd_missing], ["  $1: Debian package $2
"])
  AS_VAR_APPEND([moxd_missing_packages], [" $2"])])

dnl MOXD_PKG(VARIABLE, PKG-CONFIG NAME, AT LEAST, DEBIAN-PACKAGE): sets VARIABLE_CFLAGS, VARIABLE_LIBS.
AC_DEFUN([MOXD_PKG], [
  PKG_CHECK_MODULES([$1], [$2 >= $3],
    [MOXD_FOUND([$2], [`$PKG_CONFIG --modversion $2`])],
    [MOXD_MISSING([$2 >= $3], [$4])])])

dnl MOXD_OPTIONAL_PKG: as MOXD_PKG, but it may be missing; the conditional HAVE_VARIABLE says.
AC_DEFUN([MOXD_OPTIONAL_PKG], [
  PKG_CHECK_MODULES([$1], [$2 >= $3],
    [moxd_have_$1=yes; MOXD_FOUND([$2], [`$PKG_CONFIG --modversion $2`])],
    [moxd_have_$1=no; AS_VAR_APPEND([moxd_optional], ["  $2 >= $3: Debian package $4
"])])
  AM_CONDITIONAL([HAVE_$1], [test "$moxd_have_$1" = yes])])

dnl MOXD_LIB(VARIABLE, NAME, HEADER, CONDITION, LIBRARY, FUNCTION, DEBIAN-PACKAGE): a library without
dnl a pkg-config file; CONDITION is a preprocessor expression on what HEADER defines.
AC_DEFUN([MOXD_LIB], [
  AC_CACHE_CHECK([for $2], [moxd_cv_lib_$1], [
    moxd_save_LIBS=$LIBS
    LIBS="-l$5 $LIBS"
    AC_LINK_IFELSE([AC_LANG_PROGRAM([[
#include <stddef.h>
#include <sys/types.h>
#include <$3>
#if !($4)
#error "unsuitable version"
#endif
]], [[void *volatile p = (void *)&$6; return p == NULL;]])], [moxd_cv_lib_$1=yes], [moxd_cv_lib_$1=no])
    LIBS=$moxd_save_LIBS])
  $1_LIBS=
  AS_IF([test "$moxd_cv_lib_$1" = yes], [$1_LIBS=-l$5; MOXD_FOUND([$2])], [MOXD_MISSING([$2], [$7])])
  AC_SUBST([$1_LIBS])])

dnl MOXD_HEADER(HEADER, DEBIAN-PACKAGE)
AC_DEFUN([MOXD_HEADER], [
  AC_CHECK_HEADER([$1], [MOXD_FOUND([$1])], [MOXD_MISSING([$1], [$2])])])

dnl MOXD_DATA(VARIABLE, FILE, DEBIAN-PACKAGE): a data file that may be missing.
AC_DEFUN([MOXD_DATA], [
  AC_MSG_CHECKING([for $2])
  AS_IF([test -r "$2"], [AC_MSG_RESULT([yes]); MOXD_FOUND([$2])],
    [AC_MSG_RESULT([no]); AS_VAR_APPEND([moxd_optional], ["  $2: Debian package $3
"])])
  AC_DEFINE([$1], ["$2"], [Path of a data file; it may be missing at run time])])

AC_DEFUN([MOXD_LIBRARIES], [
  MOXD_PKG([OPENSSL], [openssl], [3.0], [libssl-dev])
  MOXD_LIB([EV], [libev >= 4.33], [ev.h], [EV_VERSION_MAJOR == 4 && EV_VERSION_MINOR >= 33], [ev],
    [ev_run], [libev-dev])
  MOXD_PKG([LIBEVENT], [libevent], [2.1], [libevent-dev])
  MOXD_LIB([DB], [Berkeley DB 5.3], [db.h], [DB_VERSION_MAJOR == 5 && DB_VERSION_MINOR == 3],
    [db-5.3], [db_env_create], [libdb5.3-dev])
  MOXD_PKG([UNBOUND], [libunbound], [1.17], [libunbound-dev])
  MOXD_PKG([JANSSON], [jansson], [2.13], [libjansson-dev])
  MOXD_PKG([PCRE2], [libpcre2-8], [10.34], [libpcre2-dev])
  MOXD_PKG([MICROHTTPD], [libmicrohttpd], [0.9.75], [libmicrohttpd-dev])
  MOXD_PKG([CURL], [libcurl], [7.85], [libcurl4-openssl-dev])
  MOXD_PKG([GSASL], [libgsasl], [2.0], [libgsasl-dev])
  MOXD_PKG([IDN2], [libidn2], [2.3], [libidn2-dev])
  MOXD_LIB([UNISTRING], [libunistring], [uninorm.h], [1], [unistring], [u8_normalize],
    [libunistring-dev])
  MOXD_PKG([PSL], [libpsl], [0.21], [libpsl-dev])
  MOXD_PKG([ZLIB], [zlib], [1.2.11], [zlib1g-dev])
  MOXD_PKG([ARCHIVE], [libarchive], [3.4], [libarchive-dev])
  MOXD_PKG([XML2], [libxml-2.0], [2.9.10], [libxml2-dev])
  MOXD_OPTIONAL_PKG([SQLITE], [sqlite3], [3.34], [libsqlite3-dev (for the module search)])
  MOXD_LIB([CRYPT], [libcrypt with crypt_ra], [crypt.h], [1], [crypt], [crypt_ra], [libcrypt-dev])
  MOXD_PKG([CHECK], [check], [0.15], [check])
  MOXD_HEADER([uthash.h], [uthash-dev])
  MOXD_HEADER([sys/queue.h], [libc6-dev])
  MOXD_DATA([MOXD_ROOT_KEY_FILE], [/usr/share/dns/root.key], [dns-root-data])
  MOXD_DATA([MOXD_ROOT_HINTS_FILE], [/usr/share/dns/root.hints], [dns-root-data])
  AS_IF([test -n "$moxd_missing"], [AC_MSG_ERROR([these libraries were not found:
$moxd_missing
On Debian: apt install$moxd_missing_packages])])
])

AC_DEFUN([MOXD_SUMMARY], [
  moxd_kind=plain
  AS_IF([test "$enable_sanitize" = yes], [moxd_kind="AddressSanitizer + UBSan"])
  AS_IF([test "$enable_tsan" = yes], [moxd_kind="ThreadSanitizer"])
  AS_IF([test "$enable_fuzz" = yes], [moxd_kind="$moxd_kind, libFuzzer"])
  AS_ECHO(["
$PACKAGE_NAME $PACKAGE_VERSION

found:
$moxd_found"])
  AS_IF([test -n "$moxd_optional"], [AS_ECHO(["not found, and not needed to build:
$moxd_optional"])])
  AS_ECHO(["modules:$moxd_modules
build:   $moxd_kind, warnings are errors: $enable_werror
prefix:  $prefix"])
])
