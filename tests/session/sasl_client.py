"""SASL from the client's side, written from the RFCs, for tests: PLAIN (RFC 4616), LOGIN, CRAM-MD5 (RFC
2195), SCRAM (RFC 5802, 7677) with channel bindings (RFC 5929, 9266)."""

import base64
import hashlib
import hmac
import os

from moxd_server import Failure


class Plain:
    def __init__(self, user, password, authzid=""):
        self.first = ("%s\0%s\0%s" % (authzid, user, password)).encode()

    def respond(self, _challenge):
        raise Failure("PLAIN: a challenge came")

    def finish(self):
        pass


class Login:
    first = None

    def __init__(self, user, password):
        self.answers = [user.encode(), password.encode()]

    def respond(self, _challenge):
        if not self.answers:
            raise Failure("LOGIN: a third challenge")
        return self.answers.pop(0)

    def finish(self):
        pass


class CramMd5:
    first = None

    def __init__(self, user, password):
        self.user = user
        self.password = password

    def respond(self, challenge):
        digest = hmac.new(self.password.encode(), challenge, hashlib.md5).hexdigest()
        return ("%s %s" % (self.user, digest)).encode()

    def finish(self):
        pass


class Scram:
    """`binding` is (type, data) for -PLUS; `flag` is the gs2 flag without one: "n", or "y" of a
    client that supports channel bindings and thinks the server does not."""

    def __init__(self, hash_name, user, password, binding=None, flag="n"):
        self.hash = hash_name
        self.password = password.encode()
        self.nonce = base64.b64encode(os.urandom(18)).decode()
        self.gs2 = ("p=%s,," % binding[0] if binding else "%s,," % flag).encode()
        self.data = binding[1] if binding else b""
        self.bare = ("n=%s,r=%s" % (user.replace("=", "=3D").replace(",", "=2C"),
                                    self.nonce)).encode()
        self.first = self.gs2 + self.bare
        self.signature = None
        self.verified = False

    def mac(self, key, data):
        return hmac.new(key, data, self.hash).digest()

    def respond(self, challenge):
        if self.signature is None:
            return self.final(challenge)
        if challenge != b"v=" + base64.b64encode(self.signature):
            raise Failure("SCRAM: the server's signature is wrong: %r" % challenge)
        self.verified = True
        return b""

    def final(self, challenge):
        attributes = dict(item.split("=", 1) for item in challenge.decode().split(","))
        if not attributes["r"].startswith(self.nonce) or attributes["r"] == self.nonce:
            raise Failure("SCRAM: bad nonce %r" % attributes["r"])
        salted = hashlib.pbkdf2_hmac(self.hash, self.password,
                                     base64.b64decode(attributes["s"]), int(attributes["i"]))
        client_key = self.mac(salted, b"Client Key")
        stored_key = hashlib.new(self.hash, client_key).digest()
        without_proof = b"c=%s,r=%s" % (base64.b64encode(self.gs2 + self.data),
                                        attributes["r"].encode())
        message = self.bare + b"," + challenge + b"," + without_proof
        proof = bytes(a ^ b for a, b in zip(client_key, self.mac(stored_key, message)))
        self.signature = self.mac(self.mac(salted, b"Server Key"), message)
        return without_proof + b",p=" + base64.b64encode(proof)

    def finish(self):
        if not self.verified:
            raise Failure("SCRAM: the server did not prove that it knows the password")


def mechanism(name, user, password, bindings):
    """A client for the mechanism. A suffix "/tls-unique" chooses the binding, "/y" the gs2 flag."""
    name, _, option = name.partition("/")
    if name == "PLAIN":
        return name, Plain(user, password)
    if name == "LOGIN":
        return name, Login(user, password)
    if name == "CRAM-MD5":
        return name, CramMd5(user, password)
    hash_name = {"SCRAM-SHA-1": "sha1", "SCRAM-SHA-256": "sha256"}[name.replace("-PLUS", "")]
    if not name.endswith("-PLUS"):
        return name, Scram(hash_name, user, password, flag=option or "n")
    wanted = option or next(iter(bindings), "tls-unique")
    data = bindings.get(wanted, b"wrong")
    if option == "wrong":
        wanted, data = next(iter(bindings)), b"\0" * 32
    return name, Scram(hash_name, user, password, binding=(wanted, data))
