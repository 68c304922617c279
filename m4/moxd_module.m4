dnl MOXD_MODULE(NAME): a module of the tree, in modules/NAME.
dnl
dnl Its header modules/NAME/NAME_api.h, if it has one, is found as <moxd/NAME.h> through a link in
dnl include/moxd/ of the build directory, and its .so through a link in modules-dir/, where an
dnl uninstalled moxd looks for modules (MOXD_MODULE_DIR). Both links may dangle: a header may be
dnl written, and a module built, after configure has run.
AC_DEFUN([MOXD_MODULE], [moxd_modules="$moxd_modules $1"])

AC_DEFUN([MOXD_MODULES_OUTPUT], [
  AC_SUBST([MOXD_MODULES], [$moxd_modules])
  AC_CONFIG_COMMANDS([module-links], [
    moxd_src=`cd "$srcdir" && pwd`
    mkdir -p include/moxd modules-dir
    for m in $moxd_modules; do
      rm -f "include/moxd/$m.h" "modules-dir/$m.so"
      $LN_S "$moxd_src/modules/$m/${m}_api.h" "include/moxd/$m.h"
      $LN_S "../modules/$m/.libs/$m.so" "modules-dir/$m.so"
    done
  ], [moxd_modules="$moxd_modules" LN_S="$LN_S"])
])
