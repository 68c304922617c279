"""What tests of reports share: a DKIM key, made-up DNS, the newest message of a mailbox."""

import base64
import imaplib
import os
import subprocess

from moxd_server import PASSWORD, PATIENCE


def make_key(directory, service=""):
    """(file, record): a key for Ed25519."""
    path = os.path.join(directory, "dkim.pem")
    subprocess.run(["openssl", "genpkey", "-algorithm", "ed25519", "-out", path], check=True)
    der = subprocess.run(["openssl", "pkey", "-in", path, "-pubout", "-outform", "DER"], check=True,
                         stdout=subprocess.PIPE).stdout
    os.chmod(path, 0o644)
    return path, "v=DKIM1; " + service + "k=ed25519; p=" + base64.b64encode(der[-32:]).decode()


def local(records):
    return "dns { local-only = true\nlocal-data = [ %s ] }" % ", ".join(
        '"%s 300 IN %s"' % (name, data.replace('"', '\\"')) for name, data in records)


def newest(server):
    with imaplib.IMAP4(*server.address("imap"), timeout=PATIENCE) as client:
        client.login("mjl@mox.example", PASSWORD)
        count = int(client.select("INBOX", readonly=True)[1][0])
        return client.fetch(str(count), "(BODY.PEEK[HEADER])")[1][0][1].decode()
