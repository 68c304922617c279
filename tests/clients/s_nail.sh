#!/bin/bash
# s-nail: every mechanism it knows, over plain, STARTTLS and TLS.
. "$(dirname "$0")/lib.bash"
need s-nail
serve "$@"

export HOME=$work MAILRC=/dev/null
escaped=${MOX_PASSWORD// /%20}
send() { # URL FROM AUTH-OPTIONS... -- ARGUMENTS
    local url=$1 from=$2 options=()
    shift 2
    while [ "$1" != -- ]; do
        options+=(-S "$1")
        shift
    done
    shift
    printf '%s\n' "$body" | s-nail -:/ -S v15-compat -S mta="$url" -S from="$from" \
        -S hostname=client.example -S sendwait -S tls-verify=ignore -S ttycharset=utf-8 \
        "${options[@]}" "$@"
}
submit() { # HOW MECHANISM ARGUMENTS
    local how=$1 mechanism=$2 url=smtp://mjl%40mox.example:$escaped@$MOX_HOST:$MOX_SUBMISSION
    local options=("smtp-auth=$mechanism")
    [ "$how" = starttls ] && options+=(smtp-use-starttls)
    [ "$how" = tls ] && url=smtps://mjl%40mox.example:$escaped@$MOX_HOST:$MOX_SUBMISSIONS
    send "$url" mjl@mox.example "${options[@]}" -- "${@:3}"
}

for how in plain starttls tls; do
    for mechanism in plain login cram-md5; do
        try "$mechanism, $how" submit $how $mechanism -s "$mechanism $how" other@mox.example
        try "arrived" arrived other@mox.example "$mechanism $how"
    done
done
try "UTF-8 subject" submit tls plain -s "$subject" other@mox.example
try "arrived" arrived other@mox.example "$subject"
try "5 MB attachment" submit starttls plain -s large -a "$large" other@mox.example
try "arrived" attachment_arrived other@mox.example
try "20 recipients" submit tls plain -s twenty $recipients
try "arrived" arrived other@mox.example twenty
try "blind copy" submit tls plain -s blind -b r2@mox.example mjl@mox.example
hidden() { ! inbox other@mox.example last | grep -i '^bcc'; }
try "is blind" hidden

try "port 25" send "smtp://$MOX_HOST:$MOX_SMTP" a@remote.example smtp-auth=none -- \
    -s outside mjl@mox.example
try "arrived" arrived mjl@mox.example outside
try "port 25, STARTTLS" send "smtp://$MOX_HOST:$MOX_SMTP" a@remote.example smtp-auth=none \
    smtp-use-starttls -- -s "outside TLS" mjl@mox.example
try "arrived" arrived mjl@mox.example "outside TLS"
done_testing
