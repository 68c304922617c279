#!/bin/bash
# msmtp: every mechanism it knows, over plain, STARTTLS and TLS.
. "$(dirname "$0")/lib.bash"
need msmtp
serve "$@"

user=mjl@mox.example
config=$work/msmtprc
configure() { # HOW MECHANISM
    local port=$MOX_SUBMISSION tls=off starttls=off
    [ "$1" = starttls ] && tls=on starttls=on
    [ "$1" = tls ] && tls=on port=$MOX_SUBMISSIONS
    cat >"$config" <<END
account default
host $MOX_HOST
port $port
auth $2
user $user
password $MOX_PASSWORD
from $user
tls $tls
tls_starttls $starttls
tls_certcheck off
domain client.example
END
    chmod 600 "$config"
}
message() { # SUBJECT
    printf 'From: %s\nTo: other@mox.example\nSubject: %s\n\n%s\n' $user "$1" "$body"
}
submit() { # HOW MECHANISM SUBJECT RECIPIENT...
    configure "$1" "$2"
    message "$3" | msmtp -C "$config" "${@:4}"
}

for how in plain starttls tls; do
    for mechanism in plain login cram-md5 scram-sha-1 scram-sha-256; do
        try "$mechanism, $how" submit $how $mechanism "$mechanism $how" other@mox.example
        try "arrived" arrived other@mox.example "$mechanism $how"
    done
done
encoded="=?utf-8?B?$(printf %s "$subject" | base64 -w0)?="
try "UTF-8 subject" submit tls scram-sha-256 "$encoded" other@mox.example
try "arrived" arrived other@mox.example "$subject"
try "20 recipients" submit starttls plain "twenty" $recipients
try "arrived" arrived other@mox.example twenty

attach() {
    configure tls plain
    {
        printf 'From: %s\nSubject: large\nMIME-Version: 1.0\n' $user
        printf 'Content-Type: application/octet-stream\nContent-Transfer-Encoding: base64\n'
        printf 'Content-Disposition: attachment; filename=large.bin\n\n'
        base64 "$large"
    } | msmtp -C "$config" other@mox.example
}
whole_arrived() { inbox other@mox.example last | sed '1,/^\r$/d' | base64 -di | cmp - "$large"; }
try "5 MB" attach
try "arrived" whole_arrived

port25() {
    printf 'account default\nhost %s\nport %s\nfrom a@remote.example\nauth off\n%s\n' \
        "$MOX_HOST" "$MOX_SMTP" "$1" >"$config"
    printf 'From: a@remote.example\nSubject: %s\n\n' "$2" | msmtp -C "$config" mjl@mox.example
}
try "port 25" port25 "tls off" outside
try "arrived" arrived mjl@mox.example outside
try "port 25, STARTTLS" port25 $'tls on\ntls_starttls on\ntls_certcheck off' "outside TLS"
try "arrived" arrived mjl@mox.example "outside TLS"
done_testing
