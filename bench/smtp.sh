#!/bin/bash
# bench/smtp.sh [MESSAGES]: messages a second that a server of this build receives and delivers, durable,
# at 2 KB and 50 KB with 1, 10 and 50 connections, and how often it synced. Run in the build directory,
# or with MOXD_BUILDDIR. Results belong into bench/README.md.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
build=${MOXD_BUILDDIR:-$PWD}
export MOXD_BUILDDIR=$build MOXD_MODULE_DIR=$build/modules-dir MOXD_STORE_CHECK=0
messages=${1:-10000}
accounts=20

if [ -z "${MOX_DIR-}" ]; then
    conf=()
    for i in $(seq $accounts); do
        conf+=(-c domains "account \"b$i\" {" -c domains 'domain = "mox.example"')
        conf+=(-c domains "address \"b$i@mox.example\" { }" -c domains "}")
    done
    exec "$here/../tests/session/with_server.py" "${conf[@]}" bash "$here/smtp.sh" "$@"
fi

recipients=$(printf -- '-r b%d@mox.example ' $(seq $accounts))
load() { # the load program's line
    "$build/bench/smtp" -p -n "$1" -c "$2" -s "$3" $recipients "$MOX_HOST" "$MOX_SMTP"
}
# The server process is the child of the one that has our configuration.
server=$(pgrep -P "$(pgrep -f -o "moxd -c $MOX_DIR/moxd.conf")" || true)
syncs() { # fsync and fdatasync calls of the server during a command, counted by strace
    strace -f -c -e trace=fsync,fdatasync,sync_file_range -p "$server" -o "$MOX_DIR/strace" &
    local tracer=$!
    "$@" >/dev/null
    kill -INT $tracer
    wait $tracer || true
    awk '$NF ~ /sync/ { n += $4 } END { print n + 0 }' "$MOX_DIR/strace"
}

load 500 10 2000 >/dev/null # accounts are made at their first message
for size in 2000 50000; do
    for connections in 1 10 50; do
        n=$((size > 10000 ? messages / 4 : messages))
        [ $connections -gt 1 ] || n=$((n / 4))
        load $n $connections $size
    done
done
if command -v strace >/dev/null && [ -n "$server" ]; then
    for connections in 1 10 50; do
        echo "connections=$connections size=2000 syncs_per_message=$(
            syncs load 1000 $connections 2000 | awk '{ print $1 / 1000 }')"
    done
fi
