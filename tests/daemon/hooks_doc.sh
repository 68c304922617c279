#!/bin/bash
# doc/hooks.md is what the tables of the modules say.
if out=$("$MOXD_SRCDIR/tools/gen-hooks-doc" "$MOXD_BUILDDIR" 2>&1 | diff "$MOXD_SRCDIR/doc/hooks.md" - 2>&1)
then echo "ok 1 - doc/hooks.md is up to date"
else
    printf "# %s\n" "$out"
    echo "not ok 1 - doc/hooks.md is up to date: tools/gen-hooks-doc BUILD > doc/hooks.md"
fi
echo 1..1
