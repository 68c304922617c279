#!/usr/bin/env python3
# proves: STORE-15
"""The data directory on several disks: what cannot be linked from one to the other is copied.

    disks.py [TEST ...]"""

import imaplib
import os
import smtplib
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
for directory in ("session", "daemon"):
    sys.path.insert(0, os.path.join(HERE, "..", directory))
from echo import expect, run_tests  # noqa: E402
from load import ACCOUNTS, message, ok  # noqa: E402
from mounts import with_mounted  # noqa: E402
from moxd_server import PASSWORD, PATIENCE, Conf, Server  # noqa: E402

MB = 1 << 20
SIZE = 300000  # far more than is kept in memory or in the database
MJL, OTHER = ACCOUNTS["mjl"], ACCOUNTS["other"]


def new_server():
    conf = Conf()
    conf.services = ["smtp", "imap"]
    return Server(conf)


def bodies(client, box):
    ok(client.select(box))
    return [item[1] for item in ok(client.fetch("1:*", "(BODY.PEEK[])")) if isinstance(item, tuple)]


def mail_is_kept(server):
    """Delivered, appended and copied messages are whole, also after a restart; nothing is left over."""
    os.environ["TMPDIR"] = "/nonexistent"  # for the server, which has no use for one
    sent, appended = message("sent", SIZE), message("appended", SIZE)
    server.set_up()
    server.start()
    server.set_passwords()
    with smtplib.SMTP(*server.address("smtp"), timeout=PATIENCE) as client:
        client.sendmail("a@remote.example", [MJL, OTHER], sent)
    with imaplib.IMAP4(*server.address("imap"), timeout=PATIENCE) as client:
        client.login(MJL, PASSWORD)
        ok(client.append("Archive", None, None, appended))
        ok(client.select("Archive"))
        ok(client.copy("1", "INBOX"))
    server.restart()
    with imaplib.IMAP4(*server.address("imap"), timeout=PATIENCE) as client:
        client.login(MJL, PASSWORD)
        inbox = bodies(client, "INBOX")
        expect(len(inbox) == 2 and inbox[0].endswith(sent) and inbox[1] == appended, "INBOX")
        expect(bodies(client, "Archive") == [appended], "Archive")
    with imaplib.IMAP4(*server.address("imap"), timeout=PATIENCE) as client:
        client.login(OTHER, PASSWORD)
        expect(bodies(client, "INBOX")[0].endswith(sent), "INBOX of the other")
    _, output = server.moxctl("store", "verify")
    expect(output.count(" 0 problems") == 2, output)
    expect(os.listdir(server.path("data", "tmp")) == [], "temporary files are left")
    server.stop()


def temporary_files_may_be_on_another_disk():
    with_mounted(new_server(), "data/tmp", 40 * MB, mail_is_kept)


def messages_may_be_on_another_disk():
    with_mounted(new_server(), "data/accounts", 40 * MB, mail_is_kept)


run_tests([temporary_files_may_be_on_another_disk, messages_may_be_on_another_disk])
