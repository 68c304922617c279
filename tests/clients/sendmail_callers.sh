#!/bin/bash
# proves in part: P-CTL-06
# neomutt and s-nail send through moxd-sendmail.
. "$(dirname "$0")/lib.bash"
need neomutt
need s-nail
serve "$@"

export HOME=$work MAILRC=/dev/null
program=${MOXD_BUILDDIR:-$here/../../build}/moxd-sendmail
cat >"$work/moxsubmit.conf" <<END
host = "localhost"
port = $MOX_SUBMISSIONS
ca = ["$MOX_DIR/cert.pem"]
username = "mjl@mox.example"
password = "$MOX_PASSWORD"
from = "mjl@mox.example"
default-recipient = "other@mox.example"
failed-dir = "$work"
END
cat >"$work/muttrc" <<END
set sendmail="$program -C $work/moxsubmit.conf -oem -oi"
set use_envelope_from=yes envelope_from_address="me@elsewhere.example"
set from="me@elsewhere.example" realname="Me Myself" folder="$work" record="" copy=no send_charset="utf-8"
END
neomutt_sends() { # SUBJECT ARGUMENTS
    printf '%s\n' "$body" | neomutt -n -F "$work/muttrc" -s "$@"
}
s_nail_sends() {
    printf '%s\n' "$body" | s-nail -:/ -S v15-compat -S mta="$program" -S mta-arguments="-C $work/moxsubmit.conf" \
        -S sendwait -S ttycharset=utf-8 -S from=me@elsewhere.example "$@"
}
refused() { ! "$@"; }

try "neomutt sends" neomutt_sends "$subject" other@mox.example
try "arrived" arrived other@mox.example "$subject"
try "neomutt with an attachment of 5 MB" neomutt_sends large -a "$large" -- other@mox.example
try "arrived" attachment_arrived other@mox.example
try "neomutt to 20 recipients" neomutt_sends twenty -b root $recipients
try "arrived" arrived other@mox.example twenty
try "neomutt hears of what fails" refused neomutt_sends nobody nobody@mox.example
try "it is kept" grep -q "^X-Moxsubmit-To: nobody@mox.example" "$work"/*.eml
try "s-nail sends" s_nail_sends -s "s-nail $subject" other@mox.example
try "arrived" arrived other@mox.example "s-nail $subject"
try "s-nail to a local user" s_nail_sends -s local root
try "arrived" arrived other@mox.example local
done_testing
