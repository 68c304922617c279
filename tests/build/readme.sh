#!/bin/bash
# proves: CORE-31
# The module in README.md compiles, warnings as errors, and exports its one symbol; what an upgrade asks of
# an admin is kept with the changes of the next release.
dir=$(mktemp -d)
trap 'rm -rf "$dir"' EXIT
sed -n '/^```c$/,/^```$/p' "$MOXD_SRCDIR/README.md" | sed '/^```/d' >"$dir/m.c"
# shellcheck disable=SC2086
$MOXD_CC -std=c11 -D_GNU_SOURCE -Wall -Wextra -Werror -fvisibility=hidden -fPIC -shared \
    -I"$MOXD_SRCDIR/lib/base" -I"$MOXD_SRCDIR/core" -I"$MOXD_SRCDIR/lib" -I"$MOXD_BUILDDIR/include" \
    "$dir/m.c" -o "$dir/m.so" 2>&1 | sed 's/^/# /'
if nm -D --defined-only "$dir/m.so" | grep -q ' moxd_module$'; then echo "ok 1 - module in README.md"
else echo "not ok 1 - module in README.md"; fi
if sed -n '/^## Unreleased/,/^## [0-9]/p' "$MOXD_SRCDIR/CHANGELOG.md" | grep -q '^\*\*Notes for upgrading\*\*'; then
    echo "ok 2 - notes for upgrading"
else echo "not ok 2 - notes for upgrading"; fi
echo 1..2
