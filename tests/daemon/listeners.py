#!/usr/bin/env python3
# proves: P-CORE-02, P-CORE-06, P-CORE-07, CORE-11
"""Listeners and sessions: addresses, TLS and its reload, ids, limits, hooks."""

import os
import resource
import signal

from echo import (Echo, EchoConf, EchoServer, expect, make_certificate, run_tests)

HUP_RELOADS = r"certificates are in use"


def both_families_are_served():
    with EchoServer(EchoConf(addresses=("127.0.0.1", "::1"))) as server:
        for line in [line for line in server.log if "listening" in line and "service=echo " in line]:
            fields = dict(f.split("=", 1) for f in line.split() if "=" in f)
            echo = Echo((fields["address"], int(fields["port"])))
            expect(echo.ask("hello") == "250 hello", "no echo on " + fields["address"])


def connections_have_ids_that_tell_nothing():
    with EchoServer(EchoConf(top="log-level = debug\n")) as server:
        one, two = server.echo(), server.echo()
        expect(two.cid == one.cid + 1, "%s and %s" % (one.cid, two.cid))
        first, second = one.ask("cid"), two.ask("cid")
        expect(len(first) == len("250 ") + 22 and first[4:12] != second[4:12], first + second)
        server.await_log("component=echo.*connection.*cid=%d listener=test service=echo "
                         "remote=127.0.0.1" % one.cid)
        key = server.path("data", "receivedid.key")
        expect(os.stat(key).st_mode & 0o777 == 0o600, "mode of the key")
        with open(key, "rb") as f:
            before = f.read()
        server.restart()
        with open(key, "rb") as f:
            expect(f.read() == before, "the key has changed")
        expect(server.echo().cid > two.cid, "ids begin again")


def tls_is_there_at_once_and_on_demand():
    with EchoServer(EchoConf()) as server:
        echo = Echo(server.address("echos"), greeting=False).start_tls()
        echo.greet()
        expect(echo.ask("hello") == "250 hello", "implicit TLS")
        echo = server.echo()
        expect(echo.ask("tls") == "220 go on", "tls")
        expect(echo.start_tls().ask("hello") == "250 hello", "STARTTLS")


def a_client_without_tls_does_not_hold_a_tls_port():
    with EchoServer(EchoConf(top="log-level = debug\n")) as server:
        plain = Echo(server.address("echos"), greeting=False)
        plain.send("this is no handshake")
        plain.line()
        server.await_log("no TLS session")
        expect(server.echo().ask("hello") == "250 hello", "echo")


def tls_session(server):
    echo = server.echo()
    expect(echo.ask("tls") == "220 go on", "tls")
    return echo.start_tls()


def new_certificates_are_used_without_dropping_anybody():
    with EchoServer(EchoConf()) as server:
        old = tls_session(server)
        make_certificate(server.dir)
        os.chmod(server.path("key.pem"), 0o600)
        server.process.send_signal(signal.SIGHUP)
        server.await_log(HUP_RELOADS)
        new = tls_session(server)
        expect(old.certificate() != new.certificate(), "the old certificate is in use")
        expect(old.ask("hello") == "250 hello", "the old session has ended")
        expect(new.pid == old.pid, "another server")


def changed_certificate_files_are_noticed():
    with EchoServer(EchoConf()) as server:
        old = tls_session(server)
        make_certificate(server.dir)
        server.await_log("certificate files have changed")
        server.await_log(HUP_RELOADS)
        expect(tls_session(server).certificate() != old.certificate(), "old certificate")


def a_bad_certificate_changes_nothing():
    with EchoServer(EchoConf()) as server:
        old = tls_session(server)
        with open(server.path("cert.pem"), "w", encoding="ascii") as f:
            f.write("no certificate\n")
        server.process.send_signal(signal.SIGHUP)
        server.await_log("cannot hand over a certificate.*not in PEM format")
        with open(server.path("cert.pem"), "w", encoding="ascii") as f:
            f.write("-----BEGIN CERTIFICATE-----\nno certificate\n-----END CERTIFICATE-----\n")
        server.process.send_signal(signal.SIGHUP)
        server.await_log("new certificate is not used")
        os.unlink(server.path("cert.pem"))
        server.process.send_signal(signal.SIGHUP)
        server.await_log("cannot hand over a certificate.*cert.pem")
        expect(tls_session(server).certificate() == old.certificate(), "certificate changed")


def hup_reads_domains_conf_again():
    with EchoServer(EchoConf()) as server:
        with open(server.path("domains.conf"), "a", encoding="utf-8") as f:
            f.write("# changed\n")
        server.process.send_signal(signal.SIGHUP)
        server.await_log(HUP_RELOADS)
        server.await_log("component=echo msg=\"?reload", 2)
        with open(server.path("domains.conf"), "a", encoding="utf-8") as f:
            f.write("nonsense\n")
        server.process.send_signal(signal.SIGHUP)
        server.await_log("the old one stays")
        expect(server.echo().ask("hello") == "250 hello", "echo")


def connections_over_the_limit_are_told():
    with EchoServer(EchoConf(top="max-connections = 2\n")) as server:
        one, two = server.echo(), server.echo()
        third = Echo(server.address("echo"), greeting=False)
        expect(third.line() == "421 busy" and third.line() == "", "third connection")
        one.close()
        again = Echo(server.address("echo"), greeting=False)
        while again.line() == "421 busy":  # the server may see the close later than we do
            again = Echo(server.address("echo"), greeting=False)
        expect(two.ask("hello") == "250 hello", "second connection")


def a_server_without_descriptors_says_so_and_recovers():
    class Starved(EchoServer):
        def start(self):
            before = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (48, before[1]))
            try:
                super().start()
            finally:
                resource.setrlimit(resource.RLIMIT_NOFILE, before)

    with Starved(EchoConf()) as server:
        held, refused = [], 0
        while refused < 3:
            echo = Echo(server.address("echo"), greeting=False)
            line = echo.line()
            refused += line == "421 busy"
            held.append(echo)
            expect(len(held) < 100, "never refused")
        server.await_log("out of file descriptors")
        count = sum("out of file descriptors" in line for line in server.log)
        expect(count == 1, "logged %d times" % count)
        for echo in held:
            echo.close()
        last = Echo(server.address("echo"), greeting=False)
        while not last.line().startswith("220"):
            last = Echo(server.address("echo"), greeting=False)
        expect(last.ask("hello") == "250 hello", "echo")


def a_hook_that_hangs_or_breaks_is_replaced_by_on_error():
    for on_error, answer in ((None, "451 4.7.1"), ("deny", "550 5.7.1"), ("ignore", "250 ")):
        top = 'hook "hang.on_echo" { on-error = %s }\n' % on_error if on_error else ""
        with EchoServer(EchoConf(modules=("echo", "hang"), top=top)) as server:
            hanging, other = server.echo(), server.echo()
            hanging.send("hang")
            expect(other.ask("hello") == "250 hello", "others wait")
            expect(hanging.line().startswith(answer), "hang")
            expect(hanging.ask("break").startswith(answer), "break")
            expect(hanging.ask("no") == "550 5.7.1 it said no", "no")
            server.await_log("hook failed.*hook=hang.on_echo reason=timeout")
            server.await_log('hook failed.*hook=hang.on_echo reason="it says so"')


run_tests([
    both_families_are_served,
    connections_have_ids_that_tell_nothing,
    tls_is_there_at_once_and_on_demand,
    a_client_without_tls_does_not_hold_a_tls_port,
    new_certificates_are_used_without_dropping_anybody,
    changed_certificate_files_are_noticed,
    a_bad_certificate_changes_nothing,
    hup_reads_domains_conf_again,
    connections_over_the_limit_are_told,
    a_server_without_descriptors_says_so_and_recovers,
    a_hook_that_hangs_or_breaks_is_replaced_by_on_error,
])
