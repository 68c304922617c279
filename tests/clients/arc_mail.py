#!/usr/bin/env python3
# proves in part: P-AUTHN-01
"""Chains of ARC that another implementation (python3-dkim) makes and prolongs, verified on arrival; broken ones."""

import os
import smtplib
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "session"))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from dkim_mail import Keys, finish_dns, header_of, last_message, local_data, make_key, python_with_dkim, record  # noqa: E402
from echo import expect, run_tests  # noqa: E402
from moxd_server import PATIENCE, Conf  # noqa: E402

MJL = "mjl@mox.example"
MESSAGE = (b"Authentication-Results: %s; spf=pass smtp.mailfrom=a@x.example\r\n"
           b"From: <a@x.example>\r\nTo: <mjl@mox.example>\r\nSubject: news\r\n\r\nall of it\r\n")
SIGN = """
import dkim, sys
message = sys.stdin.buffer.read()
key, domain = open(sys.argv[1], "rb").read(), sys.argv[2].encode()
sys.stdout.buffer.write(b"".join(dkim.arc_sign(message, b"s1", domain, key, domain)) + message)
"""


def seal(key, domain, message):
    done = subprocess.run([python_with_dkim(), "-c", SIGN, key, domain], input=message,
                          stdout=subprocess.PIPE, timeout=PATIENCE, check=True)
    return done.stdout


class Case:
    def __enter__(self):
        self.key = "/tmp/arc-%d.pem" % os.getpid()
        make_key(self.key, "rsa", 1024)
        conf = Conf()
        conf.modules += ["arc"]
        conf.services = ["smtp", "imap"]
        for domain in ("one.example", "two.example"):
            local_data(conf, "s1._domainkey." + domain, record(self.key, "rsa"))
        finish_dns(conf)
        conf.blocks["top"][-1] = conf.blocks["top"][-1].replace("dns {", "dns { local-only = true\n")
        self.server = Keys(conf, lambda server: None)
        self.server.__enter__()
        return self

    def __exit__(self, *exception):
        self.server.__exit__(*exception)
        os.unlink(self.key)

    def result(self, message):
        """The line of our Authentication-Results, unfolded."""
        with smtplib.SMTP(*self.server.address("smtp"), timeout=PATIENCE) as client:
            client.sendmail("a@x.example", MJL, message)
        header = header_of(last_message(self.server, MJL)).replace("\r\n\t", " ")
        lines = [line for line in header.split("\r\n") if line.startswith("Authentication-Results: mox.example")]
        return [part.strip() for part in lines[0].split(";") if part.strip().startswith("arc=")]


def chains_of_others():
    with Case() as c:
        once = seal(c.key, "one.example", MESSAGE % b"one.example")
        got = c.result(once)
        expect(got and got[0].startswith("arc=pass") and "i=1, sealed by one.example" in got[0], got)
        expect("smtp.remote-ip=127.0.0.1" in got[0], got)
        # it takes the status of the chain so far from the results of its own server
        twice = seal(c.key, "two.example", b"Authentication-Results: two.example; arc=pass\r\n" + once)
        got = c.result(twice)
        expect(got and got[0].startswith("arc=pass") and "i=2, sealed by two.example" in got[0], got)
        for changed, why in ((twice.replace(b"all of it", b"more of it"), "message signature"),
                             (twice.replace(b"spf=pass", b"spf=fail"), "seal does not match"),
                             (twice.replace(b"s=s1", b"s=s2"), "no key"),
                             (twice.replace(b"ARC-Seal: i=1", b"X-Seal: i=1"), "a set is not complete")):
            got = c.result(changed)
            expect(got and got[0].startswith("arc=fail") and why in got[0], (why, got))
        expect(c.result(MESSAGE % b"one.example") == [], "a result without a chain")
        metrics = c.server.moxctl("metrics")[1]
        expect('moxd_arc_verified_total{result="fail"} 4' in metrics, metrics)


if __name__ == "__main__":
    sys.exit(run_tests([chains_of_others]))
