#!/usr/bin/env python3
"""imapflow: its mailbox and message calls, and idle; imapflow_session.js does them."""
import os
import subprocess
import sys

from imap_peer import PASSWORD, PATIENCE, Conf, main, need, tap

HERE = os.path.dirname(os.path.abspath(__file__))


def environment(server):
    return dict(os.environ, MOX_HOST="127.0.0.1", MOX_PASSWORD=PASSWORD,
                MOX_IMAP=str(server.address("imap")[1]), MOX_IMAPS=str(server.address("imaps")[1]))


def work(server, how):
    done = subprocess.run(["node", os.path.join(HERE, "imapflow_session.js"), how],
                          env=environment(server), stdout=subprocess.PIPE,
                          stderr=subprocess.STDOUT, timeout=4 * PATIENCE)
    titles = 0
    for line in done.stdout.decode("utf-8", "replace").splitlines():
        good, bad = line.startswith("ok "), line.startswith("not ok ")
        if good or bad:
            tap.result(good, "%s: %s" % (how, line.partition("ok ")[2]))
            titles += 1
        else:
            print(line if line.startswith("#") else "# " + line)
    tap.result(done.returncode == 0 and titles > 0, "%s: ended well" % how)


if __name__ == "__main__":
    need("node")
    if not os.path.isdir(os.path.join(os.environ.get("NODE_PATH", ""), "imapflow")):
        print("1..0 # SKIP imapflow is not installed")
        sys.exit(0)
    conf = Conf()
    conf.add("account", "    store { quota = 100M }")
    main(work, conf)
