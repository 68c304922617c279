#!/usr/bin/env python3
# proves in part: P-CTL-06, CTL-13
"""moxd-sendmail hands mail to Postfix, whose users log in by Dovecot: every mechanism without channel binding."""

import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "session"))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from echo import Skip, expect, run_tests  # noqa: E402
from moxd_server import BUILD_DIR, PATIENCE, Log, die_with_parent  # noqa: E402
from postfix_peer import Postfix, need  # noqa: E402

USER, PASSWORD = "host@peer.example", "a \u00e9 secret"
PROGRAM = os.path.join(BUILD_DIR, "moxd-sendmail")
MECHANISMS = ("SCRAM-SHA-256", "SCRAM-SHA-1", "CRAM-MD5", "PLAIN", "LOGIN")
DOVECOT = """\
base_dir = {dir}/run
state_dir = {dir}/run
log_path = /dev/stderr
protocols =
ssl = no
disable_plaintext_auth = no
auth_mechanisms = {mechanisms}
passdb {{
  driver = passwd-file
  args = scheme=PLAIN username_format=%u {dir}/users
}}
userdb {{
  driver = static
  args = uid=65534 gid=65534 home=/nonexistent
}}
service auth {{
  unix_listener {dir}/auth {{
    mode = 0666
  }}
}}
service stats {{
  unix_listener stats-writer {{
    mode = 0666
  }}
}}
"""


class Dovecot(Log):
    """Its service for logins alone."""

    def __enter__(self):
        if not shutil.which("dovecot"):
            raise Skip("Dovecot is not installed")
        self.dir = tempfile.mkdtemp(prefix="moxd-dovecot-")
        os.chmod(self.dir, 0o755)
        for name, text in (("users", "%s:%s\n" % (USER, PASSWORD)),
                           ("conf", DOVECOT.format(dir=self.dir, mechanisms=" ".join(MECHANISMS).lower()))):
            with open(os.path.join(self.dir, name), "w", encoding="utf-8") as f:
                f.write(text)
        self.process = subprocess.Popen(
            ["dovecot", "-F", "-c", os.path.join(self.dir, "conf")], stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT, preexec_fn=die_with_parent)
        self.follow(self.process)
        self.await_log("starting up")
        return self

    def __exit__(self, kind, value, trace):
        if kind is not None:
            print("# Dovecot's log:\n# " + self.log_text(40).replace("\n", "\n# "), flush=True)
        self.process.terminate()
        self.process.wait(PATIENCE)
        self.reader.join(PATIENCE)
        shutil.rmtree(self.dir, ignore_errors=True)


def submission(dovecot):
    return Postfix(mynetworks="", smtpd_sasl_auth_enable="yes", smtpd_sasl_type="dovecot",
                   smtpd_sasl_path=os.path.join(dovecot.dir, "auth"), smtpd_tls_auth_only="yes",
                   smtpd_relay_restrictions="permit_sasl_authenticated, reject",
                   smtpd_recipient_restrictions="permit_sasl_authenticated, reject")


def send(postfix, recipient, mechanisms="", password=PASSWORD):
    path = postfix.path("moxsubmit.conf")
    with open(path, "w", encoding="utf-8") as f:
        f.write('host = "localhost"\nport = %d\ntls = starttls\nca = ["%s"]\nusername = "%s"\npassword = "%s"\n'
                'from = "%s"\nfailed-dir = "%s"\n%s'
                % (postfix.port, postfix.path("cert.pem"), USER, password, USER, postfix.dir, mechanisms))
    return subprocess.run([PROGRAM, "-C", path, "-i", recipient], stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          input=b"Subject: to Postfix\n\n.\nline\n", timeout=PATIENCE)


def postfix_takes_it_by_every_mechanism():
    need()
    with Dovecot() as dovecot, submission(dovecot) as postfix:
        for n, name in enumerate(MECHANISMS):
            done = send(postfix, "r%d@peer.example" % n, 'mechanisms = ["%s"]\n' % name)
            expect(done.returncode == 0 and done.stdout == b"", "%s: %s" % (name, done))
            postfix.await_log("sasl_method=%s, sasl_username=%s" % (name, USER))
            postfix.await_log("to=<r%d@peer.example>.*status=sent" % n)
        expect(len(postfix.messages()) == len(MECHANISMS), "delivered")
        msg = postfix.messages()[-1]
        expect(msg["From"].endswith("<%s>" % USER) and msg.get_payload() == ".\nline\n", msg.as_string())
        expect(send(postfix, "x@peer.example").returncode == 0, "the strongest")
        postfix.await_log("sasl_method=SCRAM-SHA-256,", 2)
        done = send(postfix, "x@peer.example", password="wrong")
        expect(done.returncode == os.EX_NOPERM and b"535 5.7.8" in done.stdout, done)


run_tests([postfix_takes_it_by_every_mechanism])
