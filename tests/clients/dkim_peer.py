#!/usr/bin/env python3
"""Debian's python3-dkim as a peer, for dkim_mail.py. It runs with the Python that has the module.

    dkim_peer.py verify DNS              a message on standard input; prints pass or fail for each
                                         signature; DNS is a file of lines "name record"
    dkim_peer.py sign KEY SELECTOR DOMAIN ALGORITHM HEADER/BODY [length] [count]
                                         prints the message with that many signatures
    dkim_peer.py chain DNS               prints what comes of the chain of ARC: pass, fail, none
    dkim_peer.py seal KEY SELECTOR DOMAIN
                                         prints the message with a set of ARC, from its results of that server"""
import sys

import dkim


def reader(path):
    with open(path, encoding="ascii") as f:
        records = dict(line.rstrip("\n").split(" ", 1) for line in f)

    def dns(name, timeout=5):
        return records.get(name.decode().rstrip("."), "").encode() or None
    return dns


def chain(path):
    cv, _, reason = dkim.arc_verify(sys.stdin.buffer.read(), dnsfunc=reader(path))
    print((cv or b"none").decode())
    print("# %s" % reason, file=sys.stderr)


def seal(key, selector, domain):
    message = sys.stdin.buffer.read()
    with open(key, "rb") as f:
        fields = dkim.arc_sign(message, selector.encode(), domain.encode(), f.read(), domain.encode())
    sys.stdout.buffer.write(b"".join(fields) + message)


def verify(path):
    dns = reader(path)
    message = sys.stdin.buffer.read()
    count = sum(line.lower().startswith(b"dkim-signature:") for line in message.split(b"\r\n\r\n")[0].split(b"\r\n"))
    for i in range(count):
        try:
            good = dkim.DKIM(message).verify(idx=i, dnsfunc=dns)
        except dkim.DKIMException as e:
            good = False
            print("# %s" % e, file=sys.stderr)
        print("pass" if good else "fail")


def sign(key, selector, domain, algorithm, canon, *options):
    message = sys.stdin.buffer.read()
    with open(key, "rb") as f:
        key = f.read()
    count = max([int(o) for o in options if o.isdigit()] or [1])
    header, body = canon.encode().split(b"/")
    for i in range(count):
        name = selector + (str(i) if count > 1 else "")
        message = dkim.sign(message, name.encode(), domain.encode(), key, canonicalize=(header, body),
                            signature_algorithm=algorithm.encode(),
                            include_headers=[b"from", b"to", b"subject", b"from"],
                            length="length" in options) + message
    sys.stdout.buffer.write(message)


if __name__ == "__main__":
    {"verify": verify, "sign": sign, "chain": chain, "seal": seal}[sys.argv[1]](*sys.argv[2:])
