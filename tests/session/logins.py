#!/usr/bin/env python3
# proves: P-STORE-11, P-IMAP-11
"""The history of logins: attempts over IMAP and submission, what clients call themselves, and that it
survives a restart and goes with its account."""

import imaplib
import os
import shlex
import smtplib
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from echo import expect, run_tests  # noqa: E402
from moxd_server import PASSWORD, PATIENCE, Conf, Server  # noqa: E402

MJL = "mjl@mox.example"
imaplib.Commands["ID"] = ("NONAUTH", "AUTH", "SELECTED")


def new_server():
    conf = Conf()
    conf.modules.append("logins")
    conf.services = ["imap", "submission"]
    conf.add("module auth", "failure-delay = 0s")
    return Server(conf)


def listed(server, *args):
    """The lines, as lists of fields without the time: result, count, account, login, ..."""
    return [shlex.split(line)[1:] for line in server.moxctl("logins", "list", *args)[1].splitlines()]


def imap(server, *actions):
    with imaplib.IMAP4(*server.address("imap"), timeout=PATIENCE) as client:
        for name, arg in actions:
            if name == "ID":
                client.xatom("ID", arg)
            else:
                try:
                    client.login(name, arg)
                except imaplib.IMAP4.error:
                    pass


def attempts_are_counted():
    with new_server() as server:
        imap(server, (MJL, PASSWORD))
        imap(server, (MJL, PASSWORD))
        imap(server, (MJL, "wrong"), (MJL, "wrong"), (MJL, "wrong"))
        imap(server, ("nobody@mox.example", "x"), ('"no name"', "x"))
        with smtplib.SMTP(*server.address("submission"), timeout=PATIENCE) as client:
            client.login(MJL, PASSWORD)
        want = [
            ["badcreds", "3", "mjl", MJL, "127.0.0.1", "imap", "PLAIN", "-", "-"],
            ["ok", "1", "mjl", MJL, "127.0.0.1", "submission", "CRAM-MD5", "-", "-"],
            ["ok", "2", "mjl", MJL, "127.0.0.1", "imap", "PLAIN", "-", "-"],
        ]
        mine = [line for line in listed(server, "mjl")]
        for line in mine:
            line[0] = "badcreds" if line[0] == "badpassword" else line[0]
            line[6] = "PLAIN" if line[6] == "LOGIN" else line[6]
        expect(sorted(mine) == sorted(want), "listed: %s" % mine)
        unknown = listed(server, "-")
        expect(sorted(line[3] for line in unknown) == ["no name", "nobody@mox.example"], "unknown: %s" % unknown)
        expect({line[2] for line in unknown} == {"-"}, "unknown: %s" % unknown)
        everything = listed(server)
        server.restart()
        expect(listed(server) == everything, "after a restart: %s" % listed(server))
        expect(listed(server, "other") == [], "of the other: %s" % listed(server, "other"))
        status, output = server.moxctl("logins", "list", "none", check=False)
        expect(status != 0 and "none" in output, output)


def clients_are_named():
    """Before the login or after it, also when the login is on disk already."""
    with new_server() as server:
        name = '("name" "Mail %s" "version" "1.5" "os" "X\x7f")'
        imap(server, ("ID", name % "early"), (MJL, PASSWORD))
        imap(server, (MJL, PASSWORD), ("ID", name % "late"), ("ID", name % "again"))
        with imaplib.IMAP4(*server.address("imap"), timeout=PATIENCE) as client:
            client.login(MJL, PASSWORD)
            expect(len(listed(server)) == 3, "%s" % listed(server))
            client.xatom("ID", name % "later")
            expect([(line[1], line[8]) for line in listed(server)].count(("1", "-")) == 0,
                   "named late: %s" % listed(server))
        imap(server, (MJL, PASSWORD), ("ID", "NIL"), ("ID", '("version" NIL "x" "y")'))
        found = sorted((line[1], line[8]) for line in listed(server))
        expect(found == [("1", "-")] + [("1", "Mail %s 1.5 (X?)" % n) for n in ("early", "late", "later")],
               "named: %s" % found)


def records_go_with_their_account():
    with new_server() as server:
        imap(server, (MJL, PASSWORD))
        expect(len(listed(server, "mjl")) == 1, "recorded")
        server.moxctl("account", "rm", "mjl")
        server.moxctl("account", "add", "mjl", MJL)
        expect(listed(server, "mjl") == [], "of a new account: %s" % listed(server, "mjl"))


run_tests([attempts_are_counted, clients_are_named, records_go_with_their_account])
