#!/bin/bash
# proves: AUTH-05, AUTH-08, AUTH-09, AUTH-10, AUTH-11
# proves in part: AUTH-06, AUTH-07, AUTH-12, AUTH-13
# curl and swaks log in with the key of a TLS client, made by moxctl and by openssl.
. "$(dirname "$0")/lib.bash"
need curl
need swaks
serve "$@"

user=mjl@mox.example
cd "$work" || exit 1
moxctl() { "${MOXD_BUILDDIR:-$here/../../build}/moxctl" -c "$MOX_DIR/moxd.conf" "$@"; }
refused() { ! "$@"; }
said() { # TEXT COMMAND...
    local out
    out=$("${@:2}" 2>&1)
    grep -qF -- "$1" <<<"$out" || { echo "$out"; return 1; }
}
# The commands that the help text of tlspubkey gen names, for machines without moxctl.
by_openssl() {
    local commands
    mapfile -t commands < <(moxctl help tlspubkey gen | tr -s ' \n' ' ' | grep -o 'openssl [^;]*' | sed "s/STEM/$1/g")
    [ ${#commands[@]} = 2 ] && ${commands[0]} && ${commands[1]} -passout pass:secret
}
public_key() { openssl pkey -in "$1" -pubout | moxctl tlspubkey add "${@:2}"; }

try "gen" moxctl tlspubkey gen phone
try "gen for a stranger" moxctl tlspubkey gen stranger
try "openssl does the same" by_openssl laptop
openssl genpkey -algorithm ed25519 -out small.key.pem
try "add phone" moxctl tlspubkey add $user Phone <phone.cert.pem
try "add laptop, without PREAUTH" moxctl tlspubkey add -no-preauth second@mox.example Laptop <laptop.cert.pem
try "add a public key" public_key small.key.pem $user Small
try "three are listed" test "$(moxctl tlspubkey list mjl | wc -l)" = 3
# Another certificate for the key: of a name of nobody, and expired.
openssl req -x509 -key small.key.pem -subj /CN=nobody -days 1 -out long.pem
openssl x509 -in long.pem -signkey small.key.pem -days -1 -out small.cert.pem 2>/dev/null

message() { printf 'From: %s\r\nTo: other@mox.example\r\nSubject: %s\r\n\r\nhello\r\n' $user "$1" >message; }
mail() { # URL SUBJECT ARGUMENTS
    message "$2"
    curl -sS -k --url "$1" --mail-from $user --mail-rcpt other@mox.example --upload-file message "${@:3}"
}
imap() { curl -sS -k -v --url "$1" -X NOOP "${@:2}"; }
key() { echo "--cert $1.cert.pem --key $1.key.pem"; }
submissions=smtps://$MOX_HOST:$MOX_SUBMISSIONS/client.example
submission=smtp://$MOX_HOST:$MOX_SUBMISSION/client.example
imaps=imaps://$MOX_HOST:$MOX_IMAPS/INBOX
imap=imap://$MOX_HOST:$MOX_IMAP/INBOX

for name in phone laptop small; do
    try "curl sends without AUTH, $name" mail $submissions "curl $name" $(key $name)
    try "arrived" arrived other@mox.example "curl $name"
    try "curl sends after STARTTLS, $name" mail $submission "curl starttls $name" --ssl-reqd $(key $name)
    try "arrived" arrived other@mox.example "curl starttls $name"
done
try "curl with a stranger's key" refused mail $submissions stranger $(key stranger)
try "curl without a key" refused mail $submissions none
try "PKCS#12" mail $submissions p12 --cert-type P12 --cert laptop.p12:secret
try "arrived" arrived other@mox.example p12

try "curl is greeted with PREAUTH" said "* PREAUTH" imap $imaps $(key phone)
try "and selects" said "A001 OK" imap $imaps $(key phone)
try "no PREAUTH where it is not wanted" said "* OK" imap $imaps $(key laptop) --user "$user:$MOX_PASSWORD"
try "EXTERNAL in TLS from the start" said "AUTHENTICATE EXTERNAL" imap $imaps $(key laptop) --user "$user:" \
    --login-options AUTH=EXTERNAL
try "EXTERNAL after STARTTLS" imap $imap --ssl-reqd $(key phone) --user "$user:" --login-options AUTH=EXTERNAL
try "EXTERNAL with a stranger's key" refused imap $imap --ssl-reqd $(key stranger) --user "$user:" \
    --login-options AUTH=EXTERNAL
try "a password of the same account, another address" imap $imap --ssl-reqd $(key laptop) --user "$user:$MOX_PASSWORD"
try "a password of another account" refused imap $imap --ssl-reqd $(key laptop) \
    --user "other@mox.example:$MOX_PASSWORD"

swaks_key() { # NAME ARGUMENTS
    swaks --server "$MOX_HOST" --ehlo client.example --hide-all --tls-cert "$1.cert.pem" --tls-key "$1.key.pem" \
        --from $user --to other@mox.example "${@:2}"
}
try "swaks sends without AUTH" swaks_key phone --tls-on-connect --port "$MOX_SUBMISSIONS" --header "Subject: swaks"
try "arrived" arrived other@mox.example swaks
try "swaks after STARTTLS" swaks_key small --tls --port "$MOX_SUBMISSION" --header "Subject: swaks starttls"
try "arrived" arrived other@mox.example "swaks starttls"
try "swaks with a stranger's key" refused swaks_key stranger --tls --port "$MOX_SUBMISSION"
try "swaks with a password of another account" refused swaks_key phone --tls --port "$MOX_SUBMISSION" --auth PLAIN \
    --auth-user other@mox.example --auth-password "$MOX_PASSWORD"
fingerprint=$(moxctl tlspubkey list mjl | awk '/ Phone$/ { print $1 }')
try "remove" moxctl tlspubkey rm "$fingerprint"
try "swaks with a removed key" refused swaks_key phone --tls --port "$MOX_SUBMISSION"
done_testing
