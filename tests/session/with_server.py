#!/usr/bin/env python3
"""Runs a command while a server runs:

    with_server.py [-c PLACE LINE]... COMMAND [ARGUMENT]...

-c adds configuration (moxd_server.Conf says which places there are). The command finds MOX_DIR (with
cert.pem), MOX_HOST, MOX_PASSWORD, MOX_LOG, and MOX_<SERVICE> with the port of each service, such as
MOX_SUBMISSIONS. Exits with its status, or 1 when the server ended badly."""

import os
import subprocess
import sys

sys.path.insert(0, os.path.dirname(os.path.abspath(__file__)))
sys.dont_write_bytecode = True

from moxd_server import PASSWORD, Conf, Failure, Server  # noqa: E402


def environment(server):
    env = dict(os.environ, MOX_DIR=server.dir, MOX_PASSWORD=PASSWORD, MOX_HOST="127.0.0.1")
    for service, (host, port) in server.ports.items():
        env["MOX_" + service.upper()] = str(port)
        env["MOX_HOST"] = host
    return env


def main(args):
    conf = Conf()
    while args[:1] == ["-c"]:
        conf.add(args[1], args[2])
        args = args[3:]
    if not args:
        raise SystemExit(__doc__)
    try:
        with Server(conf) as server:
            status = subprocess.run(args, env=environment(server)).returncode
            if status != 0:
                print("# the server's log:\n# " + server.log_text().replace("\n", "\n# "))
    except Failure as e:
        print("# %s" % str(e).replace("\n", "\n# "))
        print("Bail out! the server")
        return 1
    return status


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
