#!/usr/bin/env python3
# proves: CTL-01, CTL-02, CTL-03, CORE-07, CORE-08, CORE-11, CORE-22, P-CORE-01, P-CORE-03,
# proves: P-CORE-12, P-CTL-07
# proves in part: CTL-12, P-CTL-02
"""Every command of core, with a server that was fully started and without one."""

import os
import pty
import re
import select
import subprocess
import tempfile
import time

from ctl import MODULES, MOXCTL, PATIENCE, Failure, bad, expect, good, moxctl
from echo import TESTS, EchoConf, EchoServer, run_moxd, run_tests

NO_CONF = "/nonexistent/moxd.conf"


def with_server(test):
    def run():
        with EchoServer(EchoConf()) as server:
            test(server, server.path("moxd.conf"))
    run.__name__ = test.__name__
    return run


@with_server
def help_lists_and_finds_commands(server, conf):
    text = good("help", conf=conf)
    for name in ("config test", "echo count", "help", "localserve", "loglevels", "stop", "tls reload"):
        expect("\n  %s" % name in text, "%s is not in:\n%s" % (name, text))
    expect("not running" not in text, "the server is running")
    expect("commands" not in re.findall(r"^  (\S+)", text, re.M), "a hidden command is shown")
    expect(good("help", "stop", conf=conf).startswith("usage: moxctl stop\n\n"), "help stop")
    text = good("help", "config", conf=conf)
    expect("config example" in text and "echo count" not in text, text)
    text = good("help", "PROMETHEUS", conf=conf)
    expect(text.startswith("usage: moxctl metrics"), text)
    bad(2, "no command has to do with \"zzz\"", "help", "zzz", conf=conf)


def help_without_a_server_knows_the_modules():
    with tempfile.TemporaryDirectory() as d:
        conf = EchoConf()
        run_moxd(conf, "-t", directory=d)
        text = good("help", conf=os.path.join(d, "moxd.conf"))
        expect("\n  echo count" in text and "The server is not running" in text, text)
    text = good("help", conf=NO_CONF)
    expect("\n  stop" in text and "The server is not running" in text, text)


@with_server
def levels_are_shown_and_changed(server, conf):
    expect(good("loglevels", conf=conf) == "default info\n", "loglevels")
    expect(good("loglevels", "echo", "debug", conf=conf) == "", "loglevels echo debug")
    expect(good("loglevels", conf=conf) == "default info\necho debug\n", "loglevels")
    good("loglevels", "echo", "", conf=conf)
    expect(good("loglevels", "echo", conf=conf) == "info\n", "loglevels echo")
    bad(1, "unknown level \"loud\"", "loglevels", "echo", "loud", conf=conf)


@with_server
def what_can_be_asked(server, conf):
    text = good("metrics", conf=conf)
    for line in ("# TYPE process_open_fds gauge", "# TYPE moxd_log_lines_total counter"):
        expect(line in text.splitlines(), text)
    lines = re.findall(r"^moxd_log_lines_total\{level=\"info\"\} (\d+)$", text, re.M)
    expect(lines and int(lines[0]) > 0, text)
    ports = [line.split() for line in good("ports", conf=conf).splitlines()]
    expect(sorted(ports) == sorted(["test", name, ip, str(port)] for name, (ip, port)
                                   in server.ports.items() if name in ("echo", "echos")), str(ports))
    version = good("version", conf=conf).splitlines()
    expect(len(version) == 2 and version[0].replace("moxctl", "moxd") == version[1], str(version))
    echo = server.echo()
    public = echo.ask("cid").split()[1]
    expect(good("cid", public, conf=conf) == "%d\n" % echo.cid, "cid")
    bad(1, "is not an id of this server", "cid", "nonsense", conf=conf)
    good("tls", "reload", conf=conf)
    server.await_log("certificates are in use")


def licences_are_shown():
    text = good("licenses")
    with open(os.path.join(TESTS, "..", "LICENSE"), encoding="utf-8") as f:
        expect(text.startswith(f.read()), text)
    for name in ("OpenSSL", "Berkeley DB", "libev ", "Unbound", "libunistring"):
        expect(re.search("^%s .* (Sleepycat|LGPL|BSD|Apache)" % name, text, re.M), text)


@with_server
def mistakes_are_explained(server, conf):
    bad(2, "unknown command \"restart\"", "restart", conf=conf)
    bad(2, "did you mean \"echo count\"?", "echo", "cuont", conf=conf)
    bad(2, "usage: moxctl cid <id>", "cid", conf=conf)
    bad(2, "usage: moxctl config test", "config", "test", "now", conf=conf)
    bad(2, "unknown option -x", "-x", "help")
    bad(2, "missing value after -c", "-c")
    bad(2, "usage: moxctl")
    bad(2, "unknown level \"loud\"", "-l", "loud", "help")
    bad(1, "cannot read %s: No such file or directory" % NO_CONF, "stop", conf=NO_CONF)


@with_server
def input_reaches_a_command(server, conf):
    expect(good("echo", "input", stdin=b"first line\n" + b"x" * 300000, conf=conf)
           == "first line 300000\n", "echo input")
    bad(1, "a line of input is missing", "echo", "input", conf=conf)


def type_at(master, prompt, text):
    seen = b""
    end = time.monotonic() + PATIENCE
    while prompt not in seen:
        if not select.select([master], [], [], end - time.monotonic())[0]:
            raise Failure("no %r, only %r" % (prompt, seen))
        seen += os.read(master, 1000)
    os.write(master, text + b"\n")
    return seen


def on_terminal(conf, first, second):
    """A password typed twice; (status, everything that the terminal showed)."""
    master, slave = pty.openpty()
    process = subprocess.Popen([MOXCTL, "-c", conf, "echo", "input"], stdin=slave, stdout=slave,
                               stderr=slave, close_fds=True, start_new_session=True)
    os.close(slave)
    seen = type_at(master, b"Password: ", first)
    seen += type_at(master, b"Once more: ", second)
    os.write(master, b"\x04")
    try:
        while piece := os.read(master, 1000):
            seen += piece
    except OSError:  # the other side is closed
        pass
    os.close(master)
    return process.wait(PATIENCE), seen


@with_server
def a_password_is_typed_unseen_and_twice(server, conf):
    status, seen = on_terminal(conf, b"sesame", b"sesame")
    before, after = seen.split(b"Once more: ")
    expect(status == 0 and b"sesame" not in before and b"sesame 0" in after, "%d %r" % (status, seen))
    status, seen = on_terminal(conf, b"sesame", b"sesamy")
    expect(status == 1 and b"not the same" in seen, "%d %r" % (status, seen))


@with_server
def the_configuration_is_found(server, conf):
    expect(good("loglevels", env={"MOXD_CONF": conf}) == "default info\n", "$MOXD_CONF")
    expect(good("loglevels", cwd=server.dir) == "default info\n", "./moxd.conf")


def checks_and_describes_without_a_server():
    with tempfile.TemporaryDirectory() as d:
        conf = os.path.join(d, "moxd.conf")
        run_moxd(EchoConf(), "-t", directory=d)
        expect("all is well" in good("config", "test", conf=conf), "config test")
        with open(conf, "a", encoding="utf-8") as f:
            f.write("pedantick = true\nlisener \"x\" { }\n")
        status, out, err = moxctl("config", "test", conf=conf)
        expect(status == 1 and "did you mean \"pedantic\"?" in err and "did you mean \"listener\"?" in err,
               out + err)
        static = good("config", "describe-static", conf=conf)
        expect("    # Echo for tests.\n    echo {\n" in static, static)
        expect("\nstop-grace = 3s\n" in static, static)
        expect("domains.conf" in good("config", "describe-domains", conf=conf), "describe-domains")
        both = good("config", "example", conf=conf)
        expect(good("config", "example", "static", conf=conf) in both, both)
        expect(good("config", "example", "domains", conf=conf) in both, both)
        bad(2, "there is no example \"x\"", "config", "example", "x", conf=conf)
        expect(good("config", "man", conf=conf).startswith(".TH MOXD.CONF 5"), "config man")


def describes_what_is_installed_without_configuration():
    with tempfile.TemporaryDirectory() as d:
        os.symlink(os.path.join(MODULES, "echo.so"), os.path.join(d, "echo.so"))
        text = good("config", "describe-static", conf=NO_CONF, env={"MOXD_MODULE_DIR": d})
        expect("    echo {\n" in text, text)


def the_unit_is_complete():
    with tempfile.TemporaryDirectory() as d:
        conf = os.path.join(d, "moxd.conf")
        run_moxd(EchoConf(), "-t", directory=d)
        unit = good("config", "printservice", conf=conf).splitlines()
        expect("ExecStart=%s -c %s" % (os.path.realpath(MOXCTL.replace("moxctl", "moxd")), conf) in unit,
               "\n".join(unit))
        expect("ReadWritePaths=%s/data %s" % (d, d) in unit, "\n".join(unit))
        for line in ("ProtectSystem=strict", "NoNewPrivileges=yes", "UMask=007", "Restart=always",
                     "RestartSec=5s", "SyslogFacility=mail", "WantedBy=multi-user.target"):
            expect(line in unit, line)
        caps = " ".join(unit)
        for cap in ("CAP_NET_BIND_SERVICE", "CAP_SETUID", "CAP_SETGID", "CAP_CHOWN"):
            expect(cap in caps, cap)


ZONE = """dns {
    local-data = [
        "mx.test. 300 IN A 192.0.2.1",
        "mx.test. 300 IN AAAA 2001:db8::1",
        "sub.test. 300 IN NS ns.test.",
        "mail.test. 600 IN MX 10 MX.test.",
        "null.test. 300 IN MX 0 .",
        "txt.test. 300 IN TXT \\"v=spf1 \\" \\"-all \\\\007\\"",
        "_imap._tcp.test. 300 IN SRV 5 6 143 mx.test.",
        "_25._tcp.mx.test. 300 IN TLSA 3 1 1 00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff00ff",
        "also.test. 300 IN CNAME mx.test.",
        "1.2.0.192.in-addr.arpa. 300 IN PTR mx.test."]
}
"""


def records_are_looked_up():
    """Of every type that the resolver knows, in the form of zone files."""
    answers = [
        ("a", "MX.test.", "mx.test", "A", "192.0.2.1"),
        ("aaaa", "mx.test", "mx.test", "AAAA", "2001:db8::1"),
        ("ns", "sub.test", "sub.test", "NS", "ns.test."),
        ("MX", "null.test", "null.test", "MX", "0 ."),
        ("txt", "txt.test", "txt.test", "TXT", r'"v=spf1 -all \007"'),
        ("srv", "_imap._tcp.test", "_imap._tcp.test", "SRV", "5 6 143 mx.test."),
        ("tlsa", "_25._tcp.mx.test", "_25._tcp.mx.test", "TLSA", "3 1 1 " + 16 * "00ff"),
        ("cname", "also.test", "also.test", "CNAME", "mx.test."),
        ("ptr", "192.0.2.1", "1.2.0.192.in-addr.arpa", "PTR", "mx.test."),
        ("ptr", "1.2.0.192.in-addr.arpa", "1.2.0.192.in-addr.arpa", "PTR", "mx.test."),
    ]
    with EchoServer(EchoConf(top=ZONE)) as server:
        conf = server.path("moxd.conf")
        for kind, asked, name, shown, record in answers:
            want = "%s: 1 %s, TTL 300 s, not authentic (no DNSSEC)\n%s\n" % (name, shown, record)
            got = good("dns", "lookup", kind, asked, conf=conf)
            expect(got == want, "%s %s: %r" % (kind, asked, got))
        got = good("dns", "lookup", "ip", "mx.test", conf=conf)
        expect("192.0.2.1\n" in got and "2001:db8::1\n" in got, got)
        expect("TTL 600 s" in good("dns", "lookup", "mx", "mail.test", conf=conf), "TTL")
        status, out, err = moxctl("dns", "lookup", "mx", "mx.test", conf=conf)
        expect(status == 1 and "mx.test: 0 MX" in out and "no such record" in err, out + err)
        status, out, err = moxctl("dns", "lookup", "a", "nobody.test", conf=conf)
        expect(status == 1 and out.startswith("nobody.test does not exist, ") and "no such record" in err,
               out + err)
        bad(1, "unknown type \"any\"; types are a, aaaa", "dns", "lookup", "any", "mx.test", conf=conf)
        bad(1, "in ASCII", "dns", "lookup", "a", "bücher.test", conf=conf)
        bad(2, "usage: moxctl dns lookup <type> <name>", "dns", "lookup", "a", conf=conf)


@with_server
def stop_waits_for_the_end(server, conf):
    good("stop", conf=conf)
    expect(server.process.wait(PATIENCE) == 0, "status of moxd")
    bad(1, "the server is not running", "stop", conf=conf)


run_tests([
    help_lists_and_finds_commands, help_without_a_server_knows_the_modules,
    levels_are_shown_and_changed, what_can_be_asked, licences_are_shown, mistakes_are_explained,
    input_reaches_a_command, a_password_is_typed_unseen_and_twice, the_configuration_is_found,
    checks_and_describes_without_a_server, describes_what_is_installed_without_configuration,
    the_unit_is_complete, records_are_looked_up, stop_waits_for_the_end])
