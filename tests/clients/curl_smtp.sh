#!/bin/bash
# curl as a mail client: every mechanism it knows, over plain, STARTTLS and TLS.
. "$(dirname "$0")/lib.bash"
need curl
serve "$@"

user=mjl@mox.example
message() { # SUBJECT
    printf 'From: %s\r\nTo: other@mox.example\r\nSubject: %s\r\n\r\n%s\r\n' "$from" "$1" "$body"
}
send() { # URL SUBJECT ARGUMENTS
    message "$2" >"$work/message"
    curl -sS -k --url "$1" --mail-from "$from" --upload-file "$work/message" "${@:3}"
}
submit() { # HOW MECHANISM SUBJECT ARGUMENTS
    local url=smtp://$MOX_HOST:$MOX_SUBMISSION/client.example tls=()
    [ "$1" = starttls ] && tls=(--ssl-reqd)
    [ "$1" = tls ] && url=smtps://$MOX_HOST:$MOX_SUBMISSIONS/client.example
    send "$url" "$3" "${tls[@]}" --user "$user:$MOX_PASSWORD" --login-options "AUTH=$2" "${@:4}"
}

from=$user
for how in plain starttls tls; do
    for mechanism in PLAIN LOGIN CRAM-MD5; do
        try "$mechanism, $how" submit $how $mechanism "$mechanism $how" \
            --mail-rcpt other@mox.example
        try "arrived" arrived other@mox.example "$mechanism $how"
    done
done
encoded="=?utf-8?B?$(printf %s "$subject" | base64 -w0)?="
try "UTF-8 subject" submit tls PLAIN "$encoded" --mail-rcpt other@mox.example
try "arrived" arrived other@mox.example "$subject"
try "20 recipients" submit starttls PLAIN twenty $(printf -- '--mail-rcpt %s ' $recipients)
try "arrived" arrived other@mox.example twenty

attach() {
    curl -sS -k --url "smtps://$MOX_HOST:$MOX_SUBMISSIONS/client.example" --mail-from $user \
        --mail-rcpt other@mox.example --user "$user:$MOX_PASSWORD" \
        -F '=text;type=text/plain' -F "file=@$large;encoder=base64" \
        -H "From: $user" -H 'Subject: large'
}
try "5 MB attachment" attach
try "arrived" attachment_arrived other@mox.example

from=a@remote.example
try "port 25" send "smtp://$MOX_HOST:$MOX_SMTP/client.example" outside --mail-rcpt mjl@mox.example
try "arrived" arrived mjl@mox.example outside
try "port 25, STARTTLS" send "smtp://$MOX_HOST:$MOX_SMTP/client.example" "outside TLS" --ssl-reqd \
    --mail-rcpt mjl@mox.example
try "arrived" arrived mjl@mox.example "outside TLS"
done_testing
