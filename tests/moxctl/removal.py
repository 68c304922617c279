#!/usr/bin/env python3
# proves: ACCT-01
"""Data of an account that is not configured any more, because its removal was cut short or somebody
edited domains.conf, goes with `moxctl account rm` all the same."""

import imaplib
import os
import signal
import smtplib
import ssl
import sys

from ctl import TESTS, bad, expect, good
from echo import run_tests

sys.path.insert(0, os.path.join(TESTS, "session"))
from moxd_server import PASSWORD, Conf, Server  # noqa: E402

USER = "other@mox.example"


def context():
    ctx = ssl.create_default_context()
    ctx.check_hostname = False
    ctx.verify_mode = ssl.CERT_NONE
    return ctx


def deliver(server):
    with smtplib.SMTP(*server.address("smtp")) as smtp:
        smtp.sendmail("x@remote.example", [USER], "From: <x@remote.example>\r\n\r\nText.\r\n")


def count(server):
    with imaplib.IMAP4_SSL(*server.address("imaps"), ssl_context=context()) as imap:
        imap.login(USER, PASSWORD)
        return int(imap.select()[1][0])


def forget(server):
    """Takes the account out of domains.conf by hand."""
    with open(server.path("domains.conf"), encoding="utf-8") as f:
        text = f.read()
    kept = text[:text.index('account "other"')]
    with open(server.path("domains.conf"), "w", encoding="utf-8") as f:
        f.write(kept)
    server.process.send_signal(signal.SIGHUP)
    server.await_log("domains.conf was read again")


def what_is_left_can_be_removed():
    with Server(Conf()) as server:
        conf = server.path("moxd.conf")
        deliver(server)
        expect(count(server) == 1, "delivered")
        forget(server)
        bad(1, "there is no account", "account", "addresses", "other", conf=conf)
        expect("all its data removed" in good("account", "rm", "other", conf=conf), "account rm")
        bad(1, "there is no account \"other\"", "account", "rm", "other", conf=conf)
        good("account", "add", "other", USER, conf=conf)
        good("setaccountpassword", "other", stdin=PASSWORD.encode() + b"\n", conf=conf)
        expect(count(server) == 0, "old mail is back")


run_tests([what_is_left_can_be_removed])
