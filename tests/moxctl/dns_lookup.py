#!/usr/bin/env python3
"""dns_lookup.py ANCHOR SERVER ZONE,ZONE... TYPE=NAME...: a moxd that asks that name server for those zones,
and what `moxctl dns lookup` says, a line each. For tests/session/dnssec.sh."""

import re
import sys

from ctl import moxctl
from echo import EchoConf, EchoServer

anchor, address, zones = sys.argv[1:4]
stubs = "".join('    stub "%s" { server = "%s" }\n' % (z, address) for z in zones.split(","))
with EchoServer(EchoConf(top='dns {\n    trust-anchor = "%s"\n%s}\n' % (anchor, stubs))) as server:
    for query in sys.argv[4:]:
        kind, name = query.split("=")
        status, out, err = moxctl("dns", "lookup", kind, name, conf=server.path("moxd.conf"))
        out = re.sub(r"TTL \d+", "TTL N", out)
        err = re.sub(r"(by DNSSEC): .*", r"\1", err)
        print("moxctl %s %s: %s / status %d" % (kind, name, " / ".join((out + err).splitlines()), status))
