#!/bin/bash
# bench/imap.sh [MESSAGES]: what IMAP costs on a server of this build: APPEND, then SELECT and FETCH on
# a mailbox of that many messages (10,000), and the memory of idle connections. Run in the build directory,
# or with MOXD_BUILDDIR. Results belong into bench/README.md.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")
build=${MOXD_BUILDDIR:-$PWD}
export MOXD_BUILDDIR=$build MOXD_MODULE_DIR=$build/modules-dir MOXD_STORE_CHECK=0
messages=${1:-10000}
idle=1000

if [ -z "${MOX_DIR-}" ]; then
    exec "$here/../tests/session/with_server.py" -c top "max-connections = 5000" \
        bash "$here/imap.sh" "$@"
fi

export BENCH_PASSWORD=$MOX_PASSWORD
user=(-u mjl@mox.example)
load() { "$build/bench/imap" "$@" "$MOX_HOST" "$MOX_IMAP"; }
line() { # TITLE ARGUMENTS
    echo "$1: $(load "${@:2}")"
}
server=$(pgrep -P "$(pgrep -f -o "moxd -c $MOX_DIR/moxd.conf")")
rss() { awk '/^VmRSS|^VmPTE/ { n += $2 } END { print n }' "/proc/$server/status"; }

line "APPEND 2 KB, 1 connection" "${user[@]}" -n $((messages / 10)) append 2000
line "APPEND 2 KB, 10 connections" "${user[@]}" -u other@mox.example -c 10 -n $((messages / 2)) append 2000
line "APPEND 2 KB, 50 connections" "${user[@]}" -u other@mox.example -c 50 -n $((messages / 2)) append 2000
line "filled" "${user[@]}" -c 20 -m Archive -n "$messages" append 2000
archive=("${user[@]}" -m Archive)
line "SELECT" "${archive[@]}" -n 50 run "SELECT Archive"
line "FETCH FLAGS" "${archive[@]}" -n 20 run "UID FETCH 1:* (FLAGS)"
line "FETCH headers, first" "${archive[@]}" -n 1 run \
    "UID FETCH 1:* (BODY.PEEK[HEADER.FIELDS (FROM TO SUBJECT DATE MESSAGE-ID)])"
line "FETCH headers" "${archive[@]}" -n 5 run \
    "UID FETCH 1:* (BODY.PEEK[HEADER.FIELDS (FROM TO SUBJECT DATE MESSAGE-ID)])"
line "FETCH as neomutt does" "${archive[@]}" -n 5 run \
    "FETCH 1:* (UID FLAGS INTERNALDATE RFC822.SIZE BODY.PEEK[HEADER.FIELDS (DATE FROM SUBJECT TO CC MESSAGE-ID REFERENCES CONTENT-TYPE CONTENT-DESCRIPTION IN-REPLY-TO REPLY-TO LINES LIST-POST X-LABEL)])"
line "FETCH ENVELOPE" "${archive[@]}" -n 5 run "FETCH 1:* (ENVELOPE)"
line "FETCH BODYSTRUCTURE" "${archive[@]}" -n 3 run "FETCH 1:* (BODYSTRUCTURE)"
line "FETCH whole messages" "${archive[@]}" -n 3 run "FETCH 1:* (BODY.PEEK[])"
line "SEARCH by flag" "${archive[@]}" -n 20 run "SEARCH UNSEEN"
line "SEARCH SUBJECT" "${archive[@]}" -n 3 run "SEARCH SUBJECT nowhere"
line "SEARCH BODY" "${archive[@]}" -n 2 run "SEARCH BODY nowhere"
line "STORE on all" "${archive[@]}" -n 4 run "STORE 1:* +FLAGS.SILENT (\\Answered)"
line "NOOP" "${archive[@]}" -n 20000 run NOOP
line "NOOP, 50 connections" "${archive[@]}" -c 50 -n 100000 run NOOP

# What idle connections cost, after a few have made what all share.
memory() { # TITLE PORT ARGUMENTS
    local title=$1 port=$2 n before after
    shift 2
    for n in 20 $idle; do
        mkfifo "$MOX_DIR/hold" "$MOX_DIR/said"
        "$build/bench/imap" "$@" -u other@mox.example -c "$n" idle "$MOX_HOST" "$port" \
            <"$MOX_DIR/hold" >"$MOX_DIR/said" &
        before=$(rss)
        exec 5>"$MOX_DIR/hold" 6<"$MOX_DIR/said"
        read -r -u 6 _
        after=$(rss)
        exec 5>&- 6<&-
        wait
        rm "$MOX_DIR/hold" "$MOX_DIR/said"
    done
    echo "$title: $(((after - before) * 1024 / idle)) bytes each"
}
memory "idle, plain, empty mailbox" "$MOX_IMAP" -m Drafts
memory "idle, TLS, empty mailbox" "$MOX_IMAPS" -t -m Drafts
