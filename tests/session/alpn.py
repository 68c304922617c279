#!/usr/bin/env python3
# proves: P-SMTP-14
"""Submission and IMAP on one port, chosen in the TLS handshake (RFC 7301): who asks for neither gets the alert
no_application_protocol; what moxd -t says of ports that cannot be."""

import imaplib
import os
import smtplib
import socket
import ssl
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
sys.path.insert(0, os.path.join(HERE, "..", "daemon"))
from echo import Echo, EchoConf, EchoServer, expect, run_moxd, run_tests  # noqa: E402
from moxd_server import PASSWORD, PATIENCE, Conf, Failure, Server  # noqa: E402

MJL, OTHER = "mjl@mox.example", "other@mox.example"
VERSIONS = (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3)


def shared(*blocks, services=("submissions", "imaps")):
    conf = Conf()
    conf.services = list(services)
    conf.add("module auth", "failure-delay = 0s")
    for block in blocks or ["alpn { port = 0 }"]:
        conf.add("listener", block)
    return Server(conf)


def context(*protocols, cert=None, version=None):
    c = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    c.check_hostname = False
    c.verify_mode = ssl.CERT_NONE
    if protocols:
        c.set_alpn_protocols(protocols)
    if cert:
        c.load_cert_chain(*cert)
    if version:
        c.minimum_version = c.maximum_version = version
    return c


def dial(address, *protocols, **kwargs):
    raw = socket.create_connection(address, timeout=PATIENCE)
    return context(*protocols, **kwargs).wrap_socket(raw, server_hostname="mox.example")


def alert(address, *protocols, version):
    """Why there is no connection, in OpenSSL's words."""
    try:
        with dial(address, *protocols, version=version) as sock:
            sock.recv(1)  # TLS 1.3: the alert comes behind our Finished
    except ssl.SSLError as e:
        return str(e)
    return "a session"


def is_alert(reason):
    """Python has no name for it everywhere."""
    return "no application protocol" in reason.lower().replace("_", " ") or "reason(1120)" in reason


def imap(server, service="alpn", **kwargs):
    return imaplib.IMAP4_SSL(*server.address(service), ssl_context=context("imap", **kwargs), timeout=PATIENCE)


def submit(server, service="alpn", *protocols, login=True, **kwargs):
    with smtplib.SMTP_SSL(*server.address(service), context=context(*protocols or ["smtp"], **kwargs),
                          timeout=PATIENCE) as client:
        if login:
            client.login(MJL, PASSWORD)
        client.sendmail(MJL, [OTHER], "From: <%s>\r\nSubject: here\r\n\r\n.\r\n" % MJL)


def mail_goes_and_is_read_through_one_port():
    with shared() as server:
        submit(server)
        with imap(server) as client:
            client.login(OTHER, PASSWORD)
            expect(client.select("INBOX")[1] == [b"1"], "delivered")
            header = client.fetch("1", "BODY[HEADER.FIELDS (RECEIVED)]")[1][0][1]
            expect(b"ESMTPSA" in header, header)
        submit(server, "submissions")  # the ports of their own are there as ever, also for who asks for nothing
        with imap(server, "imaps") as client:
            expect(client.login(OTHER, PASSWORD)[0] == "OK", "imaps")
        reason = alert(server.address("imaps"), "smtp", version=None)
        expect(is_alert(reason), "another protocol on imaps: " + reason)


def the_protocol_is_what_the_client_asks_for():
    with shared() as server:
        for version in VERSIONS:
            for protocols, chosen, greeting in ((["imap"], "imap", b"* OK "), (["smtp"], "smtp", b"220 "),
                                                (["h2", "http/1.1", "imap"], "imap", b"* OK "),
                                                (["x" * 255, "smtp"], "smtp", b"220 ")):
                with dial(server.address("alpn"), *protocols, version=version) as sock:
                    expect(sock.selected_alpn_protocol() == chosen, sock.selected_alpn_protocol())
                    expect(sock.recv(100).startswith(greeting), chosen)


def who_asks_for_nothing_that_is_there_gets_the_alert():
    with shared() as server:
        for version in VERSIONS:
            for protocols in ([], ["h2", "http/1.1"], ["ima"], ["imapx"], ["IMAP"], ["pop3"]):
                reason = alert(server.address("alpn"), *protocols, version=version)
                expect(is_alert(reason), "%s: %s" % (protocols, reason))
        with socket.create_connection(server.address("alpn"), timeout=PATIENCE) as plain:
            plain.sendall(b"EHLO client.example\r\n")
            expect(not plain.recv(100).startswith(b"2"), "without TLS")
        with imap(server) as client:
            expect(client.login(MJL, PASSWORD)[0] == "OK", "after that")


def openssl_sees_it():
    with shared() as server:
        for protocol, greeting, bye in (("imap", "* OK", "a LOGOUT"), ("smtp", "220 ", "QUIT"),
                                        ("h2", None, ""), (None, None, "")):
            args = ["openssl", "s_client", "-connect", "%s:%d" % server.address("alpn"), "-crlf", "-ign_eof"]
            done = subprocess.run(args + (["-alpn", protocol] if protocol else []), input=bye + "\n", text=True,
                                  stdout=subprocess.PIPE, stderr=subprocess.STDOUT, timeout=PATIENCE)
            if greeting:
                expect("ALPN protocol: " + protocol in done.stdout and greeting in done.stdout, done.stdout)
            else:
                expect("alert no application protocol" in done.stdout and done.returncode, done.stdout)


def keys_of_clients_count_there():
    with shared() as server:
        server.moxctl("tlspubkey", "gen", server.path("k"))
        with open(server.path("k.cert.pem"), encoding="ascii") as f:
            server.moxctl("tlspubkey", "add", MJL, text=f.read())
        cert = (server.path("k.cert.pem"), server.path("k.key.pem"))
        with imap(server, cert=cert) as client:
            expect(b" PREAUTH " in client.welcome, client.welcome)
        submit(server, login=False, cert=cert)


def a_session_resumed_chooses_anew():
    """What a ticket was for does not decide what the next connection is for."""
    with shared() as server:
        c = context("imap")
        raw = socket.create_connection(server.address("alpn"), timeout=PATIENCE)
        with c.wrap_socket(raw, server_hostname="mox.example") as sock:
            expect(sock.recv(1000).startswith(b"* OK"), "imap")
            session = sock.session
        c.set_alpn_protocols(["smtp"])
        raw = socket.create_connection(server.address("alpn"), timeout=PATIENCE)
        with c.wrap_socket(raw, server_hostname="mox.example", session=session) as sock:
            expect(sock.selected_alpn_protocol() == "smtp" and sock.recv(1000).startswith(b"220 "), "smtp")


def operators_see_which_service_it_is():
    with shared() as server:
        host, port = server.address("alpn")
        output = server.moxctl("clientconfig")[1]
        for service, name in (("imaps", "imap"), ("submissions", "smtp")):
            expect(any(line.startswith(service) and 'port %d  TLS from the start, ALPN "%s"' % (port, name) in line
                       for line in output.splitlines()), output)
        with imap(server) as client:
            client.login(MJL, PASSWORD)
            output = server.moxctl("metrics")[1]
            for line in ('moxd_connections{service="imaps"} 1', 'moxd_connections{service="alpn"} 0'):
                expect(line in output, "no %s" % line)
        expect(alert((host, port), "h2", version=None) != "a session", "h2")
        output = server.moxctl("metrics")[1]
        expect('moxd_connections_total{service="alpn",result="tls-failed"} 1' in output, "tls-failed")


def sessions_end_with_the_server():
    with shared() as server:
        client = dial(server.address("alpn"), "imap")
        client.recv(1000)
        half = socket.create_connection(server.address("alpn"), timeout=PATIENCE)  # never says hello
        server.stop()
        expect(client.recv(1000).startswith(b"* BYE"), "BYE")
        expect(half.recv(1) == b"", "closed")
        half.close()
        client.close()


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


def a_service_may_be_on_the_shared_port_only():
    port = free_port()
    conf = Conf()
    conf.services = ["imap"]
    for block in ("imaps { port = %d }" % port, "submissions { port = %d }" % port, "alpn { port = %d }" % port):
        conf.add("listener", block)
    with Server(conf) as server:
        expect(set(server.ports) == {"imap", "alpn"}, server.ports)
        submit(server)
        expect(alert(("127.0.0.1", port), version=None) != "a session", "without ALPN")


def moxd_says(*listener, tls=True):
    conf = Conf()
    conf.services, conf.tls = [], tls
    conf.add("listener", "\n    ".join(listener))
    server = Server(conf)
    try:
        return run_moxd(conf, "-t", directory=server.dir)
    finally:
        server.remove()


def configurations_that_cannot_be():
    """The first of these lines is line 13, 7 without TLS."""
    for lines, said in (
            (["imaps { port = 443 }", "alpn { services = [\"submissions\"] }", "submissions { }"],
             ["14:5: error: alpn on 127.0.0.1 port 443 collides with imaps of listener \"test\""]),
            (["alpn { port = 0 services = [\"imap\", \"imaps\", \"nothing\"] }", "imap { port = 0 }"],
             ["13:33: error: imap has no name for ALPN", "13:41: error: listener \"test\" has no imaps",
              "13:50: error: no module has a service \"nothing\""]),
            (["alpn { }", "imap { port = 0 }"],
             ["13:5: error: listener \"test\" has no service that alpn could offer"]),
            (["smtp { port = 443 }", "imaps { }", "alpn { }"],
             ["15:5: error: alpn on 127.0.0.1 port 443 collides with smtp of listener \"test\""])):
        status, output = moxd_says(*lines)
        expect(status == 1 and all(line in output for line in said), output)
        expect(output.count("error: ") == len(said), output)
    status, output = moxd_says("imaps { port = 0 }", "alpn { port = 0 }", tls=False)
    expect(status == 1 and "8:5: error: alpn begins with TLS" in output, output)
    status, output = moxd_says("imaps { }", "submissions { port = 443 }", "alpn { }")
    expect(status == 0, output)


def who_speaks_http_serves_those_who_say_nothing():
    """As the web will: its service has the name http/1.1."""
    listener = "    echoweb { port = 0 }\n    alpn { port = 0 }\n"
    with EchoServer(EchoConf(top="log-level = debug\n", listener=listener)) as server:
        for protocols, service in ((["echo"], "echos"), (["http/1.1"], "echoweb"), ([], "echoweb"),
                                   (["h2", "http/1.1"], "echoweb")):
            echo = Echo(server.address("alpn"), greeting=False)
            echo.sock = context(*protocols).wrap_socket(echo.sock, server_hostname="mox.example")
            echo.file = echo.sock.makefile("rwb")
            echo.greet()
            expect(echo.ask("hello") == "250 hello", protocols)
            server.await_log("asked for by ALPN.* cid=%d .*service=%s " % (echo.cid, service))
            echo.close()
        try:
            dial(server.address("alpn"), "h2").close()
        except ssl.SSLError:
            return
        raise Failure("h2 alone has got a session")


run_tests([
    mail_goes_and_is_read_through_one_port,
    the_protocol_is_what_the_client_asks_for,
    who_asks_for_nothing_that_is_there_gets_the_alert,
    openssl_sees_it,
    keys_of_clients_count_there,
    a_session_resumed_chooses_anew,
    operators_see_which_service_it_is,
    sessions_end_with_the_server,
    a_service_may_be_on_the_shared_port_only,
    configurations_that_cannot_be,
    who_speaks_http_serves_those_who_say_nothing,
])
