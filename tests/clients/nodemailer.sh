#!/bin/bash
# nodemailer: every mechanism it knows, over plain, STARTTLS and TLS.
. "$(dirname "$0")/lib.bash"
need node
[ -d "${NODE_PATH-}/nodemailer" ] || { echo "1..0 # SKIP nodemailer is not installed"; exit 0; }
serve "$@"

submit() { node "$here/nodemailer_send.js" "$@"; }

for how in plain starttls tls; do
    for mechanism in PLAIN LOGIN CRAM-MD5; do
        try "$mechanism, $how" submit $how $mechanism "$mechanism $how" other@mox.example
        try "arrived" arrived other@mox.example "$mechanism $how"
    done
done
try "UTF-8 subject" submit tls PLAIN "$subject" other@mox.example
try "arrived" arrived other@mox.example "$subject"
try "5 MB attachment" submit starttls LOGIN large other@mox.example "$large"
try "arrived" attachment_arrived other@mox.example
try "20 recipients" submit tls PLAIN twenty "${recipients// /,}"
try "arrived" arrived other@mox.example twenty
try "port 25" submit port25 none outside mjl@mox.example
try "arrived" arrived mjl@mox.example outside
try "port 25, STARTTLS" submit port25tls none "outside TLS" mjl@mox.example
try "arrived" arrived mjl@mox.example "outside TLS"
done_testing
