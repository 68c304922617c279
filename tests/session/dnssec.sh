#!/bin/bash
# The resolver against signed zones on a name server of our own: what DNSSEC proves, what it does not,
# and what it refutes are told apart; a server says so through moxctl.
# proves: DNS-01
set -u

builddir=${MOXD_BUILDDIR:-.}
srcdir=${MOXD_SRCDIR:-.}
dir=$(mktemp -d "${TMPDIR:-/tmp}/moxd-dnssec-XXXXXX")
cleanup() {
    [ ! -s "$dir/nsd.pid" ] || kill "$(cat "$dir/nsd.pid")"
    rm -rf "$dir"
}
trap cleanup EXIT
chmod 755 "$dir" # the server reads the anchor as another user
cd "$dir" || exit 1
PATH=$PATH:/usr/sbin

for tool in nsd ldns-keygen ldns-signzone ldns-key2ds; do
    if ! command -v "$tool" > /dev/null; then
        echo "1..0 # SKIP $tool is not installed"
        exit 0
    fi
done

# zone NAME [LINE...]: a zone file with an address for www, and the lines.
zone() {
    local name=$1
    shift
    {
        # shellcheck disable=SC2016 # words of the zone file
        printf '$ORIGIN %s.\n$TTL 300\n' "$name"
        printf '@ SOA ns.example. admin.example. 1 3600 600 86400 60\n@ NS ns.example.\n'
        printf 'www A 192.0.2.1\n'
        printf '%s\n' "$@"
    } > "$name.zone"
}

# sign NAME [OPTION...]: its key's DS record is left in NAME.ds
sign() {
    local name=$1 ksk zsk
    shift
    ksk=$(ldns-keygen -a ECDSAP256SHA256 -k "$name.") || exit 1
    zsk=$(ldns-keygen -a ECDSAP256SHA256 "$name.") || exit 1
    ldns-key2ds -n -2 "$ksk.key" > "$name.ds"
    cp "$ksk.key" "$name.anchor"
    ldns-signzone -n "$@" -f "$name.signed" "$name.zone" "$zsk" "$ksk" || exit 1
}

zone good.example 'mx MX 10 www' '_25._tcp.www TLSA 3 1 1 00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff' \
    'alias CNAME www'
zone plain.example
zone wrong.example
zone expired.example
sign good.example
sign wrong.example
sign expired.example -i 20200101 -e 20200201
sed 's/[0-9A-Fa-f]\{8\}$/00000000/' wrong.example.ds > wrong.ds
zone example 'ns A 127.0.0.1' 'good NS ns' "$(cat good.example.ds)" 'plain NS ns' \
    'wrong NS ns' "$(cat wrong.ds)" 'expired NS ns' "$(cat expired.example.ds)"
sign example
cp plain.example.zone plain.example.signed

# A port that is free for UDP and TCP.
free_port() {
    python3 -c 'import socket
while True:
    u, t = socket.socket(type=socket.SOCK_DGRAM), socket.socket()
    u.bind(("127.0.0.1", 0))
    try:
        t.bind(u.getsockname())
    except OSError:
        continue
    print(u.getsockname()[1])
    break'
}
port=$(free_port)
{
    printf 'server:\n  ip-address: 127.0.0.1@%s\n  server-count: 1\n  username: ""\n' "$port"
    printf '  zonesdir: "%s"\n  xfrdir: "%s"\n  pidfile: "%s/nsd.pid"\n' "$dir" "$dir" "$dir"
    printf '  database: ""\n  zonelistfile: "%s/zone.list"\n  xfrdfile: ""\n' "$dir"
    printf '  logfile: "%s/nsd.log"\n' "$dir"
    printf 'remote-control:\n  control-enable: no\n'
    for name in example good.example plain.example wrong.example expired.example; do
        printf 'zone:\n  name: "%s."\n  zonefile: "%s.signed"\n' "$name" "$name"
    done
} > nsd.conf
nsd -c nsd.conf || { cat nsd.log; exit 1; } # its sockets are open when this returns

zones=example.,good.example.,plain.example.,wrong.example.,expired.example.
wanted='www.good.example/A ok secure 1
mx.good.example/MX ok secure 1
_25._tcp.www.good.example/TLSA ok secure 1
alias.good.example/A ok secure 1
www.good.example/TXT nodata secure 0
none.good.example/A nxdomain secure 0
www.plain.example/A ok insecure 1
none.plain.example/A nxdomain insecure 0
www.wrong.example/A bogus insecure 0
www.expired.example/A bogus insecure 0'
# shellcheck disable=SC2046 # one argument a query
"$builddir/tests/session/dns_query" example.anchor "127.0.0.1@$port" "$zones" \
    $(printf '%s\n' "$wanted" | cut -d' ' -f1) > got 2> why

wanted="$wanted
moxctl mx mx.good.example: mx.good.example: 1 MX, TTL N s, authentic (DNSSEC) / 10 www.good.example. / status 0
moxctl a alias.good.example: alias.good.example is an alias of www.good.example / alias.good.example: 1 A, TTL N s, authentic (DNSSEC) / 192.0.2.1 / status 0
moxctl a www.plain.example: www.plain.example: 1 A, TTL N s, not authentic (no DNSSEC) / 192.0.2.1 / status 0
moxctl a none.good.example: none.good.example does not exist, authentic (DNSSEC) / dns lookup: there is no such record / status 1
moxctl a www.wrong.example: dns lookup: the answer is forged or broken, by DNSSEC / status 1"
python3 -B "$srcdir/tests/moxctl/dns_lookup.py" "$dir/example.anchor" "127.0.0.1@$port" "$zones" \
    mx=mx.good.example a=alias.good.example a=www.plain.example a=none.good.example a=www.wrong.example \
    >> got 2>> why || cat why

echo "1..$(printf '%s\n' "$wanted" | wc -l)"
n=0
while read -r line; do
    n=$((n + 1))
    if grep -qxF "$line" got; then
        echo "ok $n - $line"
    else
        echo "not ok $n - $line"
        grep -F "${line%% *}" got why | sed 's/^/# /'
    fi
done <<< "$wanted"
