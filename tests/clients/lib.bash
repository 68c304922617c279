# Sourced by the tests with real mail clients, first thing:
#
#     . "$(dirname "$0")/lib.bash"
#     need swaks                       skips the test when the program is missing
#     serve "$@"                       goes on below, while a server runs (the script starts anew)
#     try "a title" command ...        a TAP case: ok when the command succeeds; its output when not
#     done_testing
#
# Recipients: r1 to r20 @mox.example, of account "other". Users: mjl@mox.example, other@mox.example.
set -u
here=$(dirname "$(readlink -f "${BASH_SOURCE[0]}")")
session=$here/../session
tap=0
tap_failed=0

need() {
    command -v "$1" >/dev/null && return
    echo "1..0 # SKIP $1 is not installed"
    exit 0
}

serve() {
    if [ ! -e "${MOXD_MODULE_DIR-}/imap.so" ]; then
        echo "1..0 # SKIP imap is not built: what arrived cannot be seen"
        exit 0
    fi
    [ -z "${MOX_DIR-}" ] || { work; return; }
    local args=(-c "module auth" "failure-delay = 1ms") i
    for i in $(seq 20); do
        args+=(-c other "address \"r$i@mox.example\" { }")
    done
    exec "$session/with_server.py" "${args[@]}" bash "$0" "$@"
}

# A directory for the client, in the server's, that goes with it.
work() {
    work=$MOX_DIR/client
    mkdir -p "$work"
    recipients=$(printf 'r%d@mox.example ' $(seq 20))
    subject='grüße 📬 μ'
    body='text with ünïcode'
    large=$work/large.bin
    [ -e "$large" ] || head -c 5000000 /dev/urandom >"$large"
}

try() {
    local title=$1 out
    shift
    tap=$((tap + 1))
    if out=$("$@" 2>&1); then
        echo "ok $tap - $title"
    else
        tap_failed=$((tap_failed + 1))
        echo "not ok $tap - $title"
        tail -n 40 <<<"$out" | sed 's/^/#   /'
    fi
}

# inbox USER count|subjects|last|attachment
inbox() {
    "$session/mailbox.py" "$1" INBOX "$2"
}
# The newest message of USER has that subject, and arrived unharmed.
arrived() {
    [ "$(inbox "$1" subjects | tail -n 1)" = "$2" ]
}
attachment_arrived() {
    inbox "$1" attachment | cmp - "$large"
}

done_testing() {
    echo "1..$tap"
    exit $((tap_failed > 0))
}
