#!/usr/bin/env python3
"""bench/receive.py [-n MESSAGES] [-c CONNECTIONS]... [-s SIZE]... [-o WHAT]...: mail received with senders checked (SPF, DKIM, DMARC;
DNS answers at hand) and unchecked, the server's processor time for a message, and Postfix with Dovecot behind it by
LMTP, unchecked, in the same run; -o unchecked, checked, many (to
one account), postfix: only these. Needs root, postfix, dovecot-lmtpd and python3-dkim. MOXD_BUILDDIR: the build.

For Postfix two numbers: messages it took a second, and how many were in mailboxes a second, until the last one was; its
processor time is that of all processes of both."""

import argparse
import base64
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

HERE = os.path.dirname(os.path.abspath(__file__))
BUILD = os.environ.setdefault("MOXD_BUILDDIR", os.getcwd())
os.environ.setdefault("MOXD_MODULE_DIR", os.path.join(BUILD, "modules-dir"))
os.environ["MOXD_STORE_CHECK"] = "0"
for directory in ("session", "clients"):
    sys.path.insert(0, os.path.join(HERE, "..", "tests", directory))
sys.dont_write_bytecode = True
from moxd_server import Conf, Server, die_with_parent  # noqa: E402
from postfix_peer import Postfix  # noqa: E402
from processes import children, cpu  # noqa: E402

ACCOUNTS = 20
RECIPIENTS = ["b%d@mox.example" % i for i in range(ACCOUNTS)]
SENDER = "bench@sender.test"


class Message:
    """A message of that size, signed with RSA-2048, in a file; the DNS records that prove it."""

    def __init__(self, directory, size, bits=2048):
        key = os.path.join(directory, "key%d.pem" % size)
        subprocess.run(["openssl", "genrsa", "-out", key, str(bits)], check=True, stderr=subprocess.DEVNULL)
        der = subprocess.run(["openssl", "rsa", "-in", key, "-pubout", "-outform", "DER"], check=True,
                             stdout=subprocess.PIPE, stderr=subprocess.DEVNULL).stdout
        self.selector = "s%d" % size
        self.records = ["%s._domainkey.sender.test" % self.selector,
                        "v=DKIM1;k=rsa;p=" + base64.b64encode(der).decode()]
        text = ("From: Bench <%s>\r\nTo: you@mox.example\r\nSubject: a message of the benchmark\r\n"
                "Message-ID: <bench@sender.test>\r\nDate: Fri, 21 Nov 2025 08:00:00 +0000\r\n"
                "MIME-Version: 1.0\r\nContent-Type: text/plain; charset=us-ascii\r\n\r\n" % SENDER)
        text += ("The quick brown fox jumps over the lazy dog, and then once more, for 72.\r\n"
                 * ((size - len(text)) // 74))
        done = subprocess.run(
            ["/usr/bin/python3", os.path.join(HERE, "..", "tests", "clients", "dkim_peer.py"), "sign", key,
             self.selector, "sender.test", "rsa-sha256", "relaxed/relaxed"],
            input=text.encode(), stdout=subprocess.PIPE, check=True)
        self.path = os.path.join(directory, "message%d" % size)
        with open(self.path, "wb") as f:
            f.write(done.stdout)


def local_data(messages):
    lines = [("sender.test", "v=spf1 ip4:127.0.0.1 -all"), ("_dmarc.sender.test", "v=DMARC1; p=reject")]
    lines += [m.records for m in messages]
    text = []
    for name, value in lines:
        parts = " ".join('\\"%s\\"' % value[i:i + 200] for i in range(0, len(value), 200))
        text.append('"%s. 300 IN TXT %s"' % (name, parts))
    return "dns { local-only = true local-data = [ %s ] }" % ", ".join(text)


def load(address, messages, connections, path, recipients=RECIPIENTS):
    args = [os.path.join(BUILD, "bench", "smtp"), "-p", "-n", str(messages), "-c", str(connections), "-m", path,
            "-f", SENDER]
    for recipient in recipients:
        args += ["-r", recipient]
    done = subprocess.run(args + [address[0], str(address[1])], check=True, stdout=subprocess.PIPE)
    return dict(word.split("=") for word in done.stdout.decode().split())


class Moxd(Server):
    def __init__(self, checked, messages):
        conf = Conf()
        conf.services = ["smtp"]
        if checked:
            conf.modules += ["spf", "dkim", "dmarc"]
            conf.add("module spf", "iprev = false")
        conf.add("top", local_data(messages))
        for recipient in RECIPIENTS:
            conf.add("domains", 'account "%s" { domain = "mox.example" address "%s" { } }'
                     % (recipient.split("@")[0], recipient))
        super().__init__(conf)

    def measure(self, *args, **named):
        pid = children(self.process.pid)[0]
        before = cpu(pid)
        result = load(self.address("smtp"), *args, **named)
        result["cpu_us"] = (cpu(pid) - before) * 1e6 / int(result["messages"])
        return result


class Dovecot:
    CONF = """
base_dir = {dir}/run
log_path = {dir}/log
protocols = lmtp
ssl = no
default_login_user = dovenull
default_internal_user = dovecot
mail_location = maildir:~/Maildir
mail_fsync = optimized
first_valid_uid = 1
first_valid_gid = 1
userdb {{
  driver = static
  args = uid=mail gid=mail home={dir}/home/%n allow_all_users=yes
}}
passdb {{
  driver = static
  args = nopassword=y
}}
service lmtp {{
  unix_listener {dir}/lmtp {{
    mode = 0666
  }}
}}
"""

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="bench-lmtp-")
        os.chmod(self.dir, 0o755)
        os.mkdir(self.dir + "/home")
        os.chmod(self.dir + "/home", 0o777)
        with open(self.dir + "/conf", "w", encoding="utf-8") as f:
            f.write(self.CONF.format(dir=self.dir))
        self.process = subprocess.Popen(["/usr/sbin/dovecot", "-F", "-c", self.dir + "/conf"],
                                        preexec_fn=die_with_parent)
        while not os.path.exists(self.dir + "/lmtp"):
            time.sleep(0.1)
        return self

    def __exit__(self, *_):
        self.process.send_signal(signal.SIGTERM)
        self.process.wait()
        shutil.rmtree(self.dir, ignore_errors=True)


class Stack(Postfix):
    """Postfix for mox.example, with Dovecot behind it."""

    def __init__(self, dovecot):
        super().__init__(virtual_mailbox_domains="mox.example", virtual_mailbox_maps="static:x",
                         virtual_transport="lmtp:unix:%s/lmtp" % dovecot.dir, smtpd_client_connection_count_limit="0",
                         lmtp_destination_concurrency_limit="20")
        self.dovecot = dovecot

    def used(self):
        return cpu(self.process.pid) + cpu(self.dovecot.process.pid)

    def delivered(self):
        return sum("status=sent" in line for line in self.log)

    def measure(self, messages, connections, path):
        before, start, used = self.delivered(), time.monotonic(), self.used()
        result = load((self.host, self.port), messages, connections, path)
        while self.delivered() - before < int(result["messages"]):
            time.sleep(0.05)
        result["delivered"] = int(result["messages"]) / (time.monotonic() - start)
        result["cpu_us"] = (self.used() - used) * 1e6 / int(result["messages"])
        return result


def show(who, result, size):
    print("%-16s %5d bytes, %2s connections: %6s a second, p50 %6s ms, p99 %7s ms%s%s" % (
        who, size, result["connections"], result["per_second"], result["p50_ms"], result["p99_ms"],
        ", processor %.0f us" % result["cpu_us"] if "cpu_us" in result else "",
        ", delivered %.0f" % result["delivered"] if "delivered" in result else ""), flush=True)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("-n", type=int, default=5000)
    parser.add_argument("-c", type=int, action="append")
    parser.add_argument("-s", type=int, action="append")
    parser.add_argument("-o", choices=["unchecked", "checked", "many", "postfix"], action="append")
    args = parser.parse_args()
    with tempfile.TemporaryDirectory() as directory:
        messages = [Message(directory, size) for size in args.s or [2000, 50000]]
        print("load average: %s" % (os.getloadavg(),))
        wanted = args.o or ["unchecked", "checked", "many", "postfix"]
        for checked in (False, True):
            if ("checked" if checked else "unchecked") not in wanted:
                continue
            with Moxd(checked, messages) as server:
                load(server.address("smtp"), 200, 10, messages[0].path)  # accounts are made
                for message, size in zip(messages, args.s or [2000, 50000]):
                    for connections in args.c or [1, 10, 50]:
                        n = args.n // (4 if size > 10000 else 1) // (4 if connections == 1 else 1)
                        show("moxd, checked" if checked else "moxd", server.measure(n, connections, message.path), size)
                if checked and "many" in wanted:
                    show("one account", server.measure(1000, 50, messages[0].path, recipients=RECIPIENTS[:1]), 2000)
                    load(server.address("smtp"), 10000, 50, messages[0].path, recipients=RECIPIENTS[:1])
                    show("10,000 later", server.measure(1000, 50, messages[0].path, recipients=RECIPIENTS[:1]), 2000)
                if checked:
                    expect_passes(server)
        if "postfix" not in wanted:
            return
        with Dovecot() as dovecot, Stack(dovecot) as postfix:
            for message, size in zip(messages, args.s or [2000, 50000]):
                for connections in args.c or [1, 10, 50]:
                    n = args.n // 5 // (4 if size > 10000 else 1) // (2 if connections == 1 else 1)
                    show("Postfix, Dovecot", postfix.measure(n, connections, message.path), size)
        print("load average: %s" % (os.getloadavg(),))


def expect_passes(server):
    line = [line for line in server.log if "message received" in line][-1]
    if not re.search("dkim=pass:sender.test dmarc=pass:sender.test", line):
        raise SystemExit("the checks did not pass: " + line)


if __name__ == "__main__":
    main()
