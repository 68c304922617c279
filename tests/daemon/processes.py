#!/usr/bin/env python3
# proves: CORE-01, CORE-02, CORE-03, CORE-04, CORE-05, CORE-06, CORE-09, CORE-11, CORE-26, P-CORE-06
"""Parent and server: start, privileges, stop, crash, hang, upgrade."""

import os
import re
import select
import shutil
import signal
import socket
import stat
import subprocess
import tempfile

from echo import (BUILD_DIR, PATIENCE, Echo, EchoConf, EchoServer, Skip, expect, run_moxd,
                  run_tests, service_user, status)

ROOT = os.geteuid() == 0
SANITIZED = bool(os.environ.get("MOXD_SANITIZED"))


def need_root():
    if not ROOT:
        raise Skip("needs root")


def wait_gone(pid):
    """Waits until the process, which is no child of ours, has ended."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return
    readable, _, _ = select.select([fd], [], [], PATIENCE)
    os.close(fd)
    expect(readable, "process %d does not end" % pid)


def the_server_runs_without_privileges():
    with EchoServer(EchoConf()) as server:
        echo = server.echo()
        expect(server.children() == [echo.pid], "children %s" % server.children())
        st = status(echo.pid)
        expect(st["NoNewPrivs"] == "1", "NoNewPrivs " + st["NoNewPrivs"])
        expect(st["Umask"] == "0077", "Umask " + st["Umask"])
        expect(int(st["CapEff"], 16) == 0 or not ROOT, "CapEff " + st["CapEff"])
        if not ROOT:
            return
        import pwd
        user = pwd.getpwnam(service_user())
        expect(st["Uid"].split() == [str(user.pw_uid)] * 4, "Uid " + st["Uid"])
        expect(st["Gid"].split() == [str(user.pw_gid)] * 4, "Gid " + st["Gid"])
        expect(st["Groups"].split() == [str(user.pw_gid)], "Groups " + st["Groups"])
        expect(status(server.process.pid)["Uid"].split() == ["0"] * 4, "parent gave up root")


def ports_below_1024_are_served_without_privileges():
    need_root()
    server = EchoServer(EchoConf(ports=(907, 908), addresses=("127.0.0.9",)))
    with server:
        echo = server.echo()
        expect(server.address("echo")[1] == 907, "port")
        expect(status(echo.pid)["Uid"].split()[0] != "0", "server is root")


def mode(path):
    st = os.stat(path)
    return "%d:%d %04o" % (st.st_uid, st.st_gid, stat.S_IMODE(st.st_mode))


def spoil(server):
    """Permissions as a careless restore leaves them."""
    os.makedirs(server.path("data", "a", "b", "c"))
    for name in ("data", "data/a", "data/a/b", "data/a/b/c"):
        os.chmod(server.path(name), 0o755)
    with open(server.path("data/a/b/c/file"), "w", encoding="ascii") as f:
        f.write("x")
    os.chmod(server.path("data/a/b/c/file"), 0o644)
    os.symlink("/etc/passwd", server.path("data/link"))
    with open(server.dir + ".other", "w", encoding="ascii") as f:
        f.write("somebody else's")
    os.link(server.dir + ".other", server.path("data/a/hard"))


def permissions_are_repaired():
    need_root()
    import pwd
    user = pwd.getpwnam(service_user())
    before = mode("/etc/passwd")
    server = EchoServer(EchoConf())
    own = "%d:%d" % (user.pw_uid, user.pw_gid)
    try:
        server.set_up()
        spoil(server)
        server.start()
        for name, wanted in (
                ("data", own + " 0700"), ("data/a/b/c", own + " 0700"),
                ("data/a/b/c/file", own + " 0600"), ("", "0:%d 1770" % user.pw_gid),
                ("moxd.conf", "0:%d 0640" % user.pw_gid), ("domains.conf", own + " 0600"),
                ("key.pem", "0:0 0600"), ("cert.pem", "0:%d 0640" % user.pw_gid)):
            expect(mode(server.path(name)) == wanted, "%s is %s" % (name, mode(server.path(name))))
        expect(mode("/etc/passwd") == before, "followed a symbolic link")
        expect(mode(server.dir + ".other") == "0:0 0644", "followed a hard link")
        server.await_log(r"not repairing a file of somebody else.*data/a/hard")
        os.unlink(server.path("data/a/hard"))
        server.await_log(r"repaired permissions.*data/a/b/c/file")
        server.restart()
        expect(not any("repaired" in line for line in server.log), "repaired again")
        server.stop()
    finally:
        server.abandon()
        os.unlink(server.dir + ".other")


def a_directory_with_programs_is_not_ours():
    need_root()
    server = EchoServer(EchoConf())
    try:
        server.set_up()
        with open(server.path("run"), "w", encoding="ascii") as f:
            f.write("#!/bin/sh\n")
        os.chmod(server.path("run"), 0o755)
        server.start()
        expect(mode(server.path("run")) == "0:0 0755", "a program was repaired")
        expect(mode(server.path("cert.pem")) == "0:0 0644", "another file was repaired")
        expect(mode(server.dir).endswith(" 0755"), "the directory was repaired")
        expect(mode(server.path("moxd.conf")).endswith(" 0640"), "moxd.conf was not repaired")
        server.stop()
    finally:
        server.abandon()


def permissions_are_left_alone_when_told_so():
    need_root()
    server = EchoServer(EchoConf(top="no-fix-permissions = true\n"))
    try:
        server.set_up()
        spoil(server)
        os.chmod(server.path("data"), 0o777)
        server.start()
        expect(mode(server.path("data/a/b/c/file")) == "0:0 0644", "file was repaired")
        expect(mode(server.path("moxd.conf")) == "0:0 0644", "moxd.conf was repaired")
        server.stop()
    finally:
        server.abandon()
        os.unlink(server.dir + ".other")


def a_data_directory_has_one_server():
    with EchoServer(EchoConf()) as server:
        with tempfile.TemporaryDirectory() as other:
            conf = EchoConf(top="")
            text = conf.static().replace('"data"', '"%s"' % server.path("data"))
            conf.static = lambda: text
            code, output = run_moxd(conf, directory=other)
        expect(code == 1, "status %d" % code)
        expect("another moxd (process %d)" % server.process.pid in output, output)


def addresses_that_cannot_be_had_are_told_in_order():
    taken = [socket.create_server(("127.0.0.1", 0)) for _ in range(2)]
    ports = tuple(s.getsockname()[1] for s in taken)
    with tempfile.TemporaryDirectory() as directory:
        code, output = run_moxd(EchoConf(ports=ports, addresses=("127.0.0.1", "192.0.2.1")),
                                directory=directory)
    expect(code == 1, "status %d: %s" % (code, output))
    first = output.find("service echo: cannot listen on 127.0.0.1 port %d: Address" % ports[0])
    second = output.find("service echos: cannot listen on 127.0.0.1 port %d: Address" % ports[1])
    expect(first >= 0 and second >= 0, output)
    expect("cannot listen on 192.0.2.1" in output and "`ip addr`" in output, output)
    for s in taken:
        s.close()


def ctrl_c_reaches_both_and_is_clean():
    server = EchoServer(EchoConf())
    try:
        server.set_up()
        server.start()
        pid = server.children()[0]
        os.kill(pid, signal.SIGINT)
        os.kill(server.process.pid, signal.SIGINT)
        expect(server.process.wait(PATIENCE) == 0, "status %s" % server.process.returncode)
        server.reader.join()
        expect(sum("msg=stopped" in line or 'msg="stopped"' in line for line in server.log) == 1,
               server.log_text())
        expect("level=error" not in server.log_text(), server.log_text())
        server.process = None
    finally:
        server.abandon()


def sessions_end_gracefully():
    with EchoServer(EchoConf(top="stop-grace = 2s\n")) as server:
        polite, deaf = server.echo(), server.echo()
        expect(polite.ask("wait") == "150 waiting", "wait")
        expect(deaf.ask("deaf") == "150 deaf", "deaf")
        address, secure = server.address("echo"), server.address("echos")
        server.process.send_signal(signal.SIGTERM)
        expect(polite.line() == "250 stopping", "polite session")
        late = Echo(address, greeting=False)
        expect(late.line() == "421 busy", "late connection")
        expect(Echo(secure, greeting=False).line() == "", "late TLS connection")
        expect(deaf.line() == "", "deaf session was not ended")


def crashes(server):
    """The counter by how the server ended."""
    text = subprocess.run([os.path.join(BUILD_DIR, "moxctl"), "-c", server.path("moxd.conf"), "metrics"],
                          stdout=subprocess.PIPE, check=True, timeout=PATIENCE).stdout.decode()
    return {how: int(n) for how, n in
            re.findall(r'^moxd_server_crashes_total\{how="(\w+)"\} (\d+)$', text, re.M)}


def a_crashed_server_is_restarted():
    with EchoServer(EchoConf()) as server:
        before = crashes(server)
        expect(before == {"signal": 0, "exit": 0, "other": 0}, str(before))
        echo = server.echo()
        echo.send("crash")
        expect(echo.line() == "", "no crash")
        server.await_log("server is ready.*pid=(?!%d )" % echo.pid)
        again = server.echo()
        expect(again.pid != echo.pid, "same process")
        expect(again.ask("hello") == "250 hello", "echo after the crash")
        expect(crashes(server) == {"signal": before["signal"] + 1, "exit": 0, "other": 0}
               or SANITIZED and sum(crashes(server).values()) == 1, str(crashes(server)))
        if SANITIZED:
            server.log = [line for line in server.log if "anitizer" not in line]
            return
        logs = os.listdir(server.path("data", "crash"))
        logs.remove("current")
        expect(len(logs) == 1, "crash logs %s" % logs)
        with open(server.path("data", "crash", logs[0]), encoding="utf-8") as f:
            text = f.read()
        expect("signal=SIGSEGV" in text and "process %d" % echo.pid in text, text)


def a_hanging_server_is_restarted():
    with EchoServer(EchoConf(top="hang-limit = 2s\n")) as server:
        echo = server.echo()
        echo.send("spin")
        server.await_log("loop does not turn")
        server.await_log("server is ready.*pid=(?!%d )" % echo.pid)
        expect(server.echo().pid != echo.pid, "same process")
        if SANITIZED:
            server.log = []


def a_server_without_its_parent_ends():
    server = EchoServer(EchoConf())
    try:
        server.set_up()
        server.start()
        pid = server.children()[0]
        server.kill()
        wait_gone(pid)
    finally:
        server.abandon()


def an_upgrade_keeps_the_sockets():
    with EchoServer(EchoConf()) as server:
        before = server.echo()
        address = server.address("echo")
        expect(before.ask("wait") == "150 waiting", "wait")
        server.process.send_signal(signal.SIGUSR2)
        expect(before.line() == "250 stopping", "session was not told")
        after = Echo(address)  # waits in the queue until the new server takes it
        expect(after.pid != before.pid, "same server")
        expect(server.children() == [after.pid], "another parent")
        expect(after.ask("hello") == "250 hello", "echo after the upgrade")


class CopiedServer(EchoServer):
    """Its program is a copy, which the test can replace."""

    def start(self):
        libs = os.path.join(BUILD_DIR, ".libs")
        self.real = os.path.join(libs, "moxd")
        os.makedirs(self.path("bin"))
        shutil.copy(self.real, self.program("moxd"))
        os.environ["LD_LIBRARY_PATH"] = libs
        try:
            super().start()
        finally:
            del os.environ["LD_LIBRARY_PATH"]

    def program(self, name):
        return self.path("bin", "moxd") if name == "moxd" else super().program(name)


def a_program_that_was_updated_is_taken_after_a_crash():
    with CopiedServer(EchoConf()) as server:
        before = server.echo()
        # What is installed now says that it does not belong to the parent that runs.
        new = server.path("bin", "new")
        with open(new, "w", encoding="ascii") as f:
            f.write('#!/bin/sh\n[ "$1" != -S ] || exit 3\nexec %s "$@"\n' % server.real)
        os.chmod(new, 0o755)
        os.replace(new, server.program("moxd"))
        address = server.address("echo")
        before.send("crash")
        expect(before.line() == "", "no crash")  # or the one that crashes takes the next connection too
        after = Echo(address)
        expect(after.pid != before.pid, "same server")
        expect(os.readlink("/proc/%d/exe" % server.process.pid) == os.path.realpath(server.real),
               "the parent is the old one")
        if SANITIZED:
            server.log = [line for line in server.log if "anitizer" not in line]


def an_upgrade_with_errors_does_not_begin():
    with EchoServer(EchoConf()) as server:
        before = server.echo()
        with open(server.path("moxd.conf"), "a", encoding="utf-8") as f:
            f.write("nonsense = 1\n")
        server.process.send_signal(signal.SIGUSR2)
        server.await_log("not starting anew")
        expect(before.ask("hello") == "250 hello", "session ended")
        expect(server.echo().pid == before.pid, "server changed")


def a_failed_start_is_told_and_leaves_nothing():
    for module, text in (("failinit", "did not initialize: its init was told to fail"),
                         ("failstart", "did not start: its start was told to fail")):
        with tempfile.TemporaryDirectory(prefix="moxd-test-") as directory:
            os.chmod(directory, 0o755)
            code, output = run_moxd(EchoConf(modules=("echo", module)), directory=directory)
            expect(code == 1, "status %d: %s" % (code, output))
            expect(text in output, output)
            expect('component=echo msg="stop"' in output or "component=echo msg=stop" in output, output)
            expect("server is ready" not in output, output)


def the_user_must_be_there():
    need_root()
    with tempfile.TemporaryDirectory() as directory:
        conf = EchoConf()
        text = conf.static().replace('"%s"' % service_user(), '"moxd-no-such-user"')
        conf.static = lambda: text
        code, output = run_moxd(conf, directory=directory)
        expect(code == 1 and 'there is no user "moxd-no-such-user"' in output, output)
        expect(not os.path.exists(os.path.join(directory, "data")), "made the data directory")


run_tests([
    the_server_runs_without_privileges,
    ports_below_1024_are_served_without_privileges,
    permissions_are_repaired,
    a_directory_with_programs_is_not_ours,
    permissions_are_left_alone_when_told_so,
    a_data_directory_has_one_server,
    addresses_that_cannot_be_had_are_told_in_order,
    ctrl_c_reaches_both_and_is_clean,
    sessions_end_gracefully,
    a_crashed_server_is_restarted,
    a_hanging_server_is_restarted,
    a_server_without_its_parent_ends,
    an_upgrade_keeps_the_sockets,
    a_program_that_was_updated_is_taken_after_a_crash,
    an_upgrade_with_errors_does_not_begin,
    a_failed_start_is_told_and_leaves_nothing,
    the_user_must_be_there,
])
