#!/bin/bash
# The tree and what is built from it keep the rules of CONTRIBUTING.md.
n=0
check() {
    local what=$1 out
    shift
    n=$((n + 1))
    out=$("$@" 2>&1)
    case $? in
        0) echo "ok $n - $what" ;;
        77) echo "ok $n - $what # SKIP $out" ;;
        *)
            sed 's/^/# /' <<<"$out"
            echo "not ok $n - $what"
            ;;
    esac
}

check "exports and libraries" "$MOXD_SRCDIR/tools/check-exports" "$MOXD_BUILDDIR"
check "every file is built, every header stands alone" "$MOXD_SRCDIR/tools/check-tree" "$MOXD_SRCDIR"
# Until the fibers are there.
[ ! -e "$MOXD_SRCDIR/core/fiber/sched.c" ] ||
    check "what may suspend says so" python3 "$MOXD_SRCDIR/tools/check-suspends" "$MOXD_BUILDDIR" "$MOXD_SRCDIR"
check "tests prove rows that exist" python3 "$MOXD_SRCDIR/tools/spec-coverage" --unknown "$MOXD_SRCDIR"
echo "1..$n"
