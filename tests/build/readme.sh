#!/bin/bash
# The module in README.md compiles, warnings as errors, and exports its one symbol.
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
sed -n '/^```c$/,/^```$/p' "$MOXD_SRCDIR/README.md" | sed '/^```/d' >"$dir/m.c"
# shellcheck disable=SC2086
$MOXD_CC -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -fvisibility=hidden -fPIC -shared \
    -I"$MOXD_SRCDIR/lib/base" -I"$MOXD_SRCDIR/core" -I"$MOXD_SRCDIR/lib" -I"$MOXD_BUILDDIR/include" \
    "$dir/m.c" -o "$dir/m.so" 2>&1 | sed 's/^/# /'
if nm -D --defined-only "$dir/m.so" | grep -q ' moxd_module$'; then echo "ok 1 - module in README.md"
else echo "not ok 1 - module in README.md"; fi
echo 1..1
