"""A certificate authority for tests, and certificates of it: good ones, expired ones, of names that one likes.

    ca = TestCa(directory)
    cert, key = ca.issue("good", ["mx.good.example"])
    cert, key = ca.issue("old", ["mx.good.example"], expired=True)
    conf.add("top", 'tls { ca = ["%s"] no-system-ca = true }' % ca.cert)
    tlsa(cert, 3, 1, 1) -> "3 1 1 0123..."

By the openssl command."""

import hashlib
import os
import subprocess

KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
SELECT = {0: ["x509", "-outform", "DER"], 1: ["x509", "-pubkey", "-noout"]}
CONF = """[ca]
default_ca = it
[it]
certificate = {dir}/{name}.pem
private_key = {dir}/{name}.key
database = {dir}/{name}.index
new_certs_dir = {dir}
rand_serial = yes
default_md = sha256
policy = names
unique_subject = no
copy_extensions = copy
[names]
commonName = supplied
"""
HASHES = {0: lambda data: data, 1: lambda data: hashlib.sha256(data).digest(), 2: lambda data: hashlib.sha512(data).digest()}


def openssl(*args, given=None):
    return subprocess.run(["openssl", *args], input=given, check=True, stdout=subprocess.PIPE,
                          stderr=subprocess.DEVNULL).stdout


def tlsa(cert, usage, selector, matching):
    """Data of a TLSA record (RFC 6698 2.1) for a certificate in a PEM file."""
    der = openssl(*SELECT[selector], "-in", cert)
    if selector == 1:
        der = openssl("pkey", "-pubin", "-outform", "DER", given=der)
    return "%d %d %d %s" % (usage, selector, matching, HASHES[matching](der).hex())


class TestCa:
    def __init__(self, directory, name="ca"):
        self.dir = directory
        self.name = name
        self.cert, self.key = self.path(name + ".pem"), self.path(name + ".key")
        openssl("req", "-x509", *KEY, "-days", "30", "-subj", "/CN=Test authority " + name, "-keyout", self.key,
                "-out", self.cert, "-addext", "basicConstraints=critical,CA:TRUE", "-addext",
                "keyUsage=critical,keyCertSign,cRLSign")
        os.chmod(self.cert, 0o644)
        self.conf = self.path(name + ".cnf")
        with open(self.conf, "w", encoding="utf-8") as f:
            f.write(CONF.format(dir=directory, name=name))
        with open(self.path(name + ".index"), "w", encoding="ascii"):
            pass

    def path(self, name):
        return os.path.join(self.dir, name)

    def issue(self, name, names, expired=False):
        """(certificate with its authority's, key): files in PEM."""
        cert, key, request = (self.path(name + end) for end in (".pem", ".key", ".csr"))
        openssl("req", "-new", *KEY, "-subj", "/CN=" + names[0], "-keyout", key, "-out", request,
                "-addext", "subjectAltName=" + ",".join("DNS:" + n for n in names))
        dates = ["-startdate", "20200101000000Z", "-enddate", "20200201000000Z"] if expired else ["-days", "30"]
        openssl("ca", "-batch", "-config", self.conf, "-notext", "-in", request, "-out", cert, *dates)
        with open(cert, "ab") as f, open(self.cert, "rb") as authority:
            f.write(authority.read())
        for path in (cert, key):
            os.chmod(path, 0o644)
        return cert, key
