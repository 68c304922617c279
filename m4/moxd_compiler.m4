dnl MOXD_CC_FLAG(VARIABLE, FLAG): append FLAG to VARIABLE if the compiler knows it.
AC_DEFUN([MOXD_CC_FLAG], [
  AS_VAR_PUSHDEF([moxd_cache], [moxd_cv_cc_$2])
  AC_CACHE_CHECK([whether $CC accepts $2], [moxd_cache], [
    moxd_save_CFLAGS=$CFLAGS
    CFLAGS="$CFLAGS -Werror $2"
    AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[int moxd_flag_test;]], [[]])],
      [AS_VAR_SET([moxd_cache], [yes])], [AS_VAR_SET([moxd_cache], [no])])
    CFLAGS=$moxd_save_CFLAGS
  ])
  AS_VAR_IF([moxd_cache], [yes], [AS_VAR_APPEND([$1], [" $2"])])
  AS_VAR_POPDEF([moxd_cache])
])

AC_DEFUN([MOXD_CC_FLAGS], [m4_foreach_w([moxd_flag], [$2], [MOXD_CC_FLAG([$1], moxd_flag)])])

dnl Compiler and linker flags, as AM_* variables so that CFLAGS and LDFLAGS stay the user's.
AC_DEFUN([MOXD_COMPILER], [
  AC_ARG_ENABLE([sanitize],
    [AS_HELP_STRING([--enable-sanitize], [build with AddressSanitizer and UBSan])],
    [], [enable_sanitize=no])
  AC_ARG_ENABLE([tsan],
    [AS_HELP_STRING([--enable-tsan], [build with ThreadSanitizer])], [], [enable_tsan=no])
  AC_ARG_ENABLE([fuzz],
    [AS_HELP_STRING([--enable-fuzz], [fuzz targets use libFuzzer (clang); adds --enable-sanitize])],
    [], [enable_fuzz=no])
  AC_ARG_ENABLE([werror],
    [AS_HELP_STRING([--disable-werror], [warnings are no errors (default: errors in a git checkout)])],
    [], [AS_IF([test -e "$srcdir/.git"], [enable_werror=yes], [enable_werror=no])])
  AS_IF([test "$enable_fuzz" = yes && test "$enable_tsan" = no], [enable_sanitize=yes])
  AS_IF([test "$enable_sanitize" = yes && test "$enable_tsan" = yes],
    [AC_MSG_ERROR([--enable-sanitize and --enable-tsan exclude each other])])

  MOXD_CFLAGS=
  MOXD_CPPFLAGS=
  MOXD_LDFLAGS=
  MOXD_CC_FLAGS([MOXD_CFLAGS], [-std=c11 -fno-omit-frame-pointer -fno-strict-aliasing
    -fstack-protector-strong -fstack-clash-protection -fno-common -fPIE -pthread -fcallgraph-info
    -Wall -Wextra -Wshadow -Wstrict-prototypes -Wmissing-prototypes -Wold-style-definition
    -Wformat=2 -Wvla -Wwrite-strings -Wpointer-arith -Wundef -Wimplicit-fallthrough
    -Wnested-externs -Wlogical-op
    -Wduplicated-cond -Wno-missing-field-initializers])
  dnl clang wants the format attribute on static helpers with a va_list too.
  AC_COMPILE_IFELSE([AC_LANG_PROGRAM([[
#ifndef __clang__
#error
#endif
]], [[]])], [AS_VAR_APPEND([MOXD_CFLAGS], [" -Wno-format-nonliteral"])])

  moxd_sanitizers=
  MOXD_ZDEFS=-Wl,-z,defs
  AS_IF([test "$enable_sanitize" = yes], [
    moxd_sanitizers="-fsanitize=address,undefined -fno-sanitize-recover=undefined"])
  AS_IF([test "$enable_tsan" = yes], [moxd_sanitizers="-fsanitize=thread"])
  AS_IF([test "$enable_fuzz" = yes], [
    AS_VAR_APPEND([moxd_sanitizers], [" -fsanitize=fuzzer-no-link"])])
  AS_IF([test -n "$moxd_sanitizers"], [
    dnl The flags go into the compiler's name: libtool would drop some of them when it links.
    CC="$CC $moxd_sanitizers"
    AC_MSG_CHECKING([whether $CC works])
    AC_LINK_IFELSE([AC_LANG_PROGRAM([[]], [[]])], [AC_MSG_RESULT([yes])],
      [AC_MSG_RESULT([no])
       AC_MSG_ERROR([$CC cannot link a program; clang's libraries are in Debian's libclang-rt-dev])])
    MOXD_ZDEFS=
    MOXD_CC_FLAGS([MOXD_CFLAGS], [-Wno-format-truncation -Wno-stringop-overflow
      -Wno-maybe-uninitialized -Wno-array-bounds])
    AS_VAR_APPEND([MOXD_CPPFLAGS], [" -U_FORTIFY_SOURCE"])
  ], [
    MOXD_CC_FLAGS([MOXD_CFLAGS], [-Wframe-larger-than=8192])
    AS_VAR_APPEND([MOXD_CPPFLAGS], [" -U_FORTIFY_SOURCE -D_FORTIFY_SOURCE=2"])
  ])
  MOXD_WERROR=
  AS_IF([test "$enable_werror" = yes], [MOXD_WERROR=-Werror])
  MOXD_LDFLAGS="-Wl,-z,relro -Wl,-z,now -Wl,--as-needed"
  AC_SUBST([MOXD_CFLAGS])
  AC_SUBST([MOXD_CPPFLAGS])
  AC_SUBST([MOXD_LDFLAGS])
  AC_SUBST([MOXD_ZDEFS])
  AC_SUBST([MOXD_WERROR])

  MOXD_FUZZ_LIBS=
  AS_IF([test "$enable_fuzz" = yes], [
    AC_MSG_CHECKING([for the archive of libFuzzer])
    MOXD_FUZZ_LIBS=`$CC -print-file-name=libclang_rt.fuzzer-$host_cpu.a`
    AS_IF([test -f "$MOXD_FUZZ_LIBS"], [AC_MSG_RESULT([$MOXD_FUZZ_LIBS])],
      [AC_MSG_RESULT([no])
       AC_MSG_ERROR([--enable-fuzz needs CC=clang and Debian's libclang-rt-dev])])
    AS_VAR_APPEND([MOXD_FUZZ_LIBS], [" -lstdc++ -lm"])])
  AC_SUBST([MOXD_FUZZ_LIBS])
  AM_CONDITIONAL([ENABLE_FUZZ], [test "$enable_fuzz" = yes])
  MOXD_SANITIZED=$moxd_sanitizers
  AC_SUBST([MOXD_SANITIZED])
  AM_CONDITIONAL([SANITIZED], [test -n "$moxd_sanitizers"])
])
