#!/usr/bin/env python3
# proves: CORE-26
"""Broken modules: each gives its own message, from moxd -t as from moxd, and nothing starts."""

import os
import subprocess
import tempfile

from echo import BUILD_DIR, MODULES, EchoConf, expect, make_certificate, run_moxd, run_tests

# Modules beside echo, and what moxd says about them.
BROKEN = [
    (["nosym"], "nosym.so is no moxd module: it exports no symbol moxd_module"),
    (["badmagic"], "badmagic.so has a symbol moxd_module that is no module table"),
    (["shorttable"], "shorttable.so has a symbol moxd_module of 4 bytes, which is no module table"),
    (["oldabi"], "oldabi.so is made for module ABI 0.1, this moxd has 1.1 (get a newer release"),
    (["newminor"], "newminor.so is made for a newer moxd: it needs module ABI 1.2"),
    (["badsize"], "badsize.so says that its table has"),
    (["badname"], 'badname.so calls itself "goodname" (the file must be called as the module'),
    (["undefined"], "undefined.so cannot be opened: undefined symbol: moxd_function_of_the_future "
     "(it is made for another moxd"),
    (["absent"], 'there is no module "absent": no absent.so in ' + MODULES),
    (["Absent"], 'no module can be called "Absent"'),
    (["echo"], 'module "echo" is listed twice'),
    (["circlea", "circleb"], 'the hooks of on_echo are ordered in a circle: "circlea" before '
     '"circleb" before "circlea"'),
    (["nopoint"], 'module "nopoint" has a hook for on_nothing, but no loaded module has such a point'),
    (["oldpoint"], 'has a hook for version 1 of on_echo, but "echo" has version 2 (update the module '
     '"oldpoint")'),
    (["needsold"], 'needs the interface echo/2.0, but "echo" provides echo/1.1'),
    (["needsold"], "needs the interface nobody/1.0, which no loaded module provides"),
    (["copycat"], '"echo" and "copycat" both have the control command echo count'),
    (["copycat"], '"echo" and "copycat" both have the interface echo/1'),
    (["samename"], 'both have "echo" in "listener"'),
]


def try_broken(directory, modules, text):
    conf = EchoConf(modules=["echo", *modules])
    for args in (["-t"], []):
        code, output = run_moxd(conf, *args, directory=directory)
        expect(code == 1, "%s %s: status %d: %s" % (modules, args, code, output))
        expect(text in output, "%s %s: %s" % (modules, args, output))
        expect("listening" not in output and "component=echo" not in output, output)


def broken_modules_give_their_own_message():
    with tempfile.TemporaryDirectory() as directory:
        make_certificate(directory)
        for modules, text in BROKEN:
            try_broken(directory, modules, text)
        expect(not os.path.exists(os.path.join(directory, "data")), "something was written")


def all_errors_come_in_one_run_with_their_places():
    with tempfile.TemporaryDirectory() as directory:
        code, output = run_moxd(EchoConf(modules=["echo", "nosym", "absent", "needsold"]), "-t",
                                directory=directory)
        lines = [line for line in output.splitlines() if "moxd.conf:5:" in line]
        expect(code == 1 and len(lines) == 4 and "moxd: 4 errors" in output, output)


def a_fine_configuration_passes_and_is_only_read():
    with tempfile.TemporaryDirectory() as directory:
        code, output = run_moxd(EchoConf(modules=["echo", "hang"], ports=(1, 2)), "-t",
                                directory=directory)
        expect(code == 0 and "all is well" in output, output)
        expect(not os.path.exists(os.path.join(directory, "data")), "something was written")


def keys_and_addresses_are_checked():
    with tempfile.TemporaryDirectory() as directory, tempfile.TemporaryDirectory() as other:
        make_certificate(directory)
        make_certificate(other)
        os.replace(os.path.join(other, "key.pem"), os.path.join(directory, "key.pem"))
        code, output = run_moxd(EchoConf(addresses=("192.0.2.77",)), "-t", directory=directory)
        expect(code == 1, output)
        expect(output.count("this machine does not have the address 192.0.2.77") == 1, output)
        expect("cert.pem" in output or "key.pem" in output, output)
        os.unlink(os.path.join(directory, "cert.pem"))
        code, output = run_moxd(EchoConf(), "-t", directory=directory)
        expect(code == 1 and "cert.pem: No such file" in output, output)


def the_order_of_hooks_is_shown():
    with tempfile.TemporaryDirectory() as directory:
        code, output = run_moxd(EchoConf(modules=["circlea", "hang", "echo"]), "-o",
                                directory=directory)
        expect(code == 0, output)
        expect(output == "on_connection (decide, of core)\non_disconnect (observe, of core)\n"
                         "on_echo (decide, of echo)\n"
               "    circlea          check before=circleb timeout=30s on-error=defer\n"
               "    hang             check timeout=0.05s on-error=defer\n", output)


def a_module_alone_is_checked_and_shown():
    def moxd(*args):
        done = subprocess.run([os.path.join(BUILD_DIR, "moxd"), *args], stdout=subprocess.PIPE,
                              stderr=subprocess.STDOUT, cwd=MODULES)
        return done.returncode, done.stdout.decode()

    code, output = moxd("-t", "-m", "./hang.so")
    expect(code == 0 and "hook on_echo/2, check" in output, output)
    code, output = moxd("-t", "-m", "echo.so")
    expect(code == 0, output)
    for line in ("provides echo/1.1", "point on_echo/2 (decide)", "service echo: Echo for tests.",
                 "command echo count: Counts to one."):
        expect(line in output, output)
    code, output = moxd("-t", "-m", "./newminor.so")
    expect(code == 1 and "newer moxd" in output, output)
    expect(moxd("-m", "x")[0] == 2 and moxd("extra")[0] == 2 and moxd("-Z")[0] == 2, "usage")
    expect(moxd("-R", "77")[0] == 2, "-R with a closed descriptor")
    code, output = moxd("-t", "-m", "./nowhere.so")
    expect(code == 1 and "there is no such file" in output, output)
    expect(moxd("-S", "0.0.0")[0] == 3, "a server of another version than its parent")
    code, output = moxd("-S", moxd("-V")[1].split()[1])
    expect(code == 1 and "run moxd without -S" in output, output)


run_tests([
    broken_modules_give_their_own_message,
    all_errors_come_in_one_run_with_their_places,
    a_fine_configuration_passes_and_is_only_read,
    keys_and_addresses_are_checked,
    the_order_of_hooks_is_shown,
    a_module_alone_is_checked_and_shown,
])
