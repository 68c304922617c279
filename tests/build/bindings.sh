#!/bin/bash
# Whose event functions the dynamic linker gives to libunbound: libevent's, and none of libev's.
# m4/moxd_libevent.m4 says why that matters.
what="libunbound binds to libevent"
program=$MOXD_BUILDDIR/tests/unit/test_event_anchor # any program with libmoxcore
bindings=$(LD_BIND_NOW=1 LD_DEBUG=bindings "$program" 2>&1 |
    sed -n 's/.*binding file [^ ]*libunbound\.so[^ ]* [^ ]* to \([^ ]*\) .*symbol .\(ev[a-z_]*\)[^a-z_].*/\2 \1/p')
others=$(grep -v '/libevent' <<<"$bindings")
if ! ldd "$program" | grep -q libunbound; then
    echo "ok 1 - $what # SKIP nothing links libunbound"
elif [ -z "$bindings" ]; then
    echo "not ok 1 - $what: it binds to no event function"
elif [ -n "$others" ]; then
    sed 's/^/# /' <<<"$others"
    echo "not ok 1 - $what"
else
    echo "ok 1 - $what: $(wc -l <<<"$bindings") functions"
fi
echo 1..1
