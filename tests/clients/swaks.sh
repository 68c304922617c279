#!/bin/bash
# swaks: every mechanism it knows, over plain, STARTTLS and TLS.
. "$(dirname "$0")/lib.bash"
need swaks
serve "$@"

user=mjl@mox.example
send() { swaks --server "$MOX_HOST" --ehlo client.example --hide-all "$@"; }
submit() {
    local how=$1 mechanism=$2 port=$MOX_SUBMISSION tls=()
    shift 2
    case $how in
    starttls) tls=(--tls) ;;
    tls) tls=(--tls-on-connect) port=$MOX_SUBMISSIONS ;;
    esac
    send --port "$port" "${tls[@]}" --auth "$mechanism" --auth-user $user \
        --auth-password "$MOX_PASSWORD" --from $user "$@"
}
refused() { ! "$@"; }

for how in plain starttls tls; do
    for mechanism in PLAIN LOGIN CRAM-MD5; do
        try "$mechanism, $how" submit $how $mechanism --to other@mox.example \
            --header "Subject: $mechanism $how"
        try "arrived" arrived other@mox.example "$mechanism $how"
    done
done
try "a wrong password" refused submit plain PLAIN --auth-password wrong --to other@mox.example
try "somebody else's address" refused submit plain PLAIN --from other@mox.example \
    --to other@mox.example
try "UTF-8 subject" submit tls PLAIN --to other@mox.example \
    --header "Subject: =?utf-8?B?$(printf %s "$subject" | base64 -w0)?=" --body "$body"
try "arrived" arrived other@mox.example "$subject"
try "5 MB attachment" submit starttls LOGIN --to other@mox.example --attach "@$large"
try "arrived" attachment_arrived other@mox.example
before=$(inbox other@mox.example count)
try "20 recipients" submit tls CRAM-MD5 --to "${recipients// /,}"
try "arrived once, it is one account" test "$(inbox other@mox.example count)" = $((before + 1))

try "port 25" send --port "$MOX_SMTP" --from a@remote.example --to mjl@mox.example \
    --header "Subject: from outside"
try "arrived" arrived mjl@mox.example "from outside"
try "port 25, STARTTLS" send --port "$MOX_SMTP" --tls --from a@remote.example \
    --to mjl@mox.example --header "Subject: outside, TLS"
try "arrived" arrived mjl@mox.example "outside, TLS"
try "port 25, somebody unknown" refused send --port "$MOX_SMTP" --from a@remote.example \
    --to nobody@mox.example
try "port 25, pipelined" send --port "$MOX_SMTP" --pipeline --from a@remote.example \
    --to mjl@mox.example,other@mox.example
done_testing
