#!/usr/bin/env python3
# proves: AUTH-21
"""The notes for upgrading name every kind of derived secret that the auth module keeps, so that a new one cannot
come without being announced."""

import os
import re
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from echo import expect, run_tests  # noqa: E402

TOP = os.path.join(HERE, "..", "..")
NAMES = {"TAG_CRYPT": "yescrypt", "TAG_SCRAM_SHA1": "scram-sha-1", "TAG_SCRAM_SHA256": "scram-sha-256",
         "TAG_CRAM": "cram-md5"}


def read(*path):
    with open(os.path.join(TOP, *path), encoding="utf-8") as f:
        return f.read()


def kinds_of_secrets_are_announced():
    tags = re.search(r"enum tag \{([^}]*)\}", read("modules", "auth", "auth_record.c"))[1]
    kinds = re.findall(r"TAG_\w+", tags)
    expect(set(kinds) == set(NAMES), "a kind without a name in this test, and maybe in CHANGELOG.md: %s" % kinds)
    notes = read("CHANGELOG.md").split("**Notes for upgrading**")[1:]
    for kind in kinds:
        expect(any("`%s`" % NAMES[kind] in note for note in notes), "no note names " + NAMES[kind])


run_tests([kinds_of_secrets_are_announced])
