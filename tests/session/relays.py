#!/usr/bin/env python3
# proves: QUEUE-03, QUEUE-04
# proves in part: AUTH-14
"""Mail that leaves through others: a provider that wants a password or a certificate, and a SOCKS5 proxy."""

import os
import socket
import ssl
import struct
import sys
import tempfile
import threading

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from echo import expect, run_tests  # noqa: E402
from moxd_server import Server  # noqa: E402
from outgoing import conf, submit, zone  # noqa: E402
from smtp_sink import SmtpSink  # noqa: E402
from test_ca import TestCa  # noqa: E402

LOGIN = ("moxd", "a \u00e9 secret")


class Proxy:
    """SOCKS5 (RFC 1928, RFC 1929) with a password: whatever is asked for leads to one port. asked: (host, port)."""

    def __init__(self, to):
        self.to, self.asked = to, []
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.accept, daemon=True).start()

    def accept(self):
        while True:
            client, _ = self.listener.accept()
            threading.Thread(target=self.serve, args=[client], daemon=True).start()

    def serve(self, client):
        f = client.makefile("rwb", buffering=0)
        version, methods = f.read(2)
        if version != 5 or 2 not in f.read(methods):
            return client.close()
        f.write(b"\x05\x02")
        user = f.read(f.read(2)[1])
        password = f.read(f.read(1)[0])
        f.write(b"\x01\x00" if (user, password) == (b"me", b"pw") else b"\x01\x01")
        kind = f.read(4)[3]
        host = f.read(f.read(1)[0]).decode() if kind == 3 else socket.inet_ntoa(f.read(4))
        self.asked.append((host, struct.unpack("!H", f.read(2))[0]))
        server = socket.create_connection(self.to)
        f.write(b"\x05\x00\x00\x01\x7f\x00\x00\x01\x00\x19")
        threading.Thread(target=self.pump, args=[client, server], daemon=True).start()
        self.pump(server, client)

    @staticmethod
    def pump(a, b):
        try:
            while data := a.recv(65536):
                b.sendall(data)
            b.shutdown(socket.SHUT_WR)
        except OSError:
            pass


def transport(name, port, words):
    return ('transport "%s" { kind = submission  host = "relay.test"  port = %d  username = "%s"  %s }'
            % (name, port, LOGIN[0], words))


def key_file(ca, directory):
    """A certificate of the authority and its key, in one file; the server's user may read it."""
    path = os.path.join(directory, "relay.pem")
    with open(path, "w", encoding="ascii") as f:
        for part in ca.issue("moxd", ["moxd.test"]):
            with open(part, encoding="ascii") as p:
                f.write(p.read())
    return path


def by_key(ca, cert):
    """A provider that takes mail from those with a certificate of its own authority only."""
    sink = SmtpSink(tls=cert)
    sink.tls_extensions.append("AUTH PLAIN EXTERNAL")
    sink.answer("AUTH EXTERNAL =", "235 2.7.0 welcome")
    sink.context.verify_mode = ssl.CERT_REQUIRED
    sink.context.load_verify_locations(ca.cert)
    return sink


def main(directory):
    os.chmod(directory, 0o755)
    ca = TestCa(directory)
    good, elsewhere = ca.issue("good", ["relay.test"]), ca.issue("elsewhere", ["elsewhere.test"])
    password = 'password = "%s"' % LOGIN[1]
    with SmtpSink(tls=good, login=LOGIN) as starttls, SmtpSink(tls=good, immediate=True, login=LOGIN) as immediate, \
            SmtpSink(tls=elsewhere, login=LOGIN) as other, SmtpSink() as far, by_key(ca, good) as keyed:
        proxy = Proxy((far.host, far.port))
        c = conf(far.port, ["relay.test. 300 IN A 127.0.0.1", *zone({"far.test": [("mx.far.test", "192.0.2.1")]})],
                 transport("starttls", starttls.port, password),
                 transport("immediate", immediate.port, password + " tls = immediate"),
                 transport("wrong", starttls.port, 'password = "no"'),
                 'transport "key" { kind = submission  host = "relay.test"  port = %d  client-key = "%s" }'
                 % (keyed.port, key_file(ca, directory)),
                 transport("other", other.port, password),
                 'transport "proxy" { kind = socks  proxy = "me:pw@127.0.0.1:%d" }' % proxy.port)
        c.add("top", 'tls { ca = ["%s"] no-system-ca = true }' % ca.cert)
        c.add("domains", "\n".join('route { to-domain = ["%s.test"] transport = "%s" }' % (t, n) for t, n in (
            ("starttls", "starttls"), ("immediate", "immediate"), ("wrong", "wrong"), ("other", "other"),
            ("key", "key"),
            ("far", "proxy"))))
        with Server(c) as server:
            def with_a_password():
                for name, sink in (("starttls", starttls), ("immediate", immediate)):
                    submit(server, ["a@%s.test" % name, "b@%s.test" % name], name)
                    m = sink.await_message()
                    expect(m.tls and len(m.rcpts) == 2, m.__dict__)
                    server.await_log(r'msg="delivered" .*to=b@%s\.test .*tls=TLSv1.3' % name)

            def with_a_certificate():
                submit(server, ["a@key.test"], "key")
                m = keyed.await_message()
                expect(m.tls and m.rcpts == ["a@key.test"], m.__dict__)
                expect("AUTH EXTERNAL =" in keyed.lines, keyed.lines)

            def with_the_wrong_one():
                submit(server, ["a@wrong.test"], "wrong")
                server.await_log(r'msg="retry" .*to=a@wrong\.test .*code=535')
                expect("".join(starttls.lines).count("a@wrong.test") == 0, starttls.lines)

            def not_to_somebody_else():
                """The password is not shown to a host whose certificate is of another name."""
                submit(server, ["a@other.test"], "other")
                server.await_log(r'msg="retry" .*to=a@other\.test')
                expect(not [line for line in other.lines if line.startswith("AUTH")], other.lines)

            def through_a_proxy():
                submit(server, ["a@far.test"], "far")
                m = far.await_message()
                expect(m.rcpts == ["a@far.test"], m.__dict__)
                expect(proxy.asked == [("mx.far.test", far.port)], proxy.asked)

            run_tests([with_a_password, with_a_certificate, with_the_wrong_one, not_to_somebody_else, through_a_proxy])


with tempfile.TemporaryDirectory() as the_directory:
    main(the_directory)
