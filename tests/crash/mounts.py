"""File systems of a test's own, where it may mount them."""

import os
import subprocess
import sys

from echo import Skip, expect


def mount(path, size):
    """An empty file system in memory; false where that is not allowed."""
    done = subprocess.run(["mount", "-t", "tmpfs", "-o", "mode=700,size=%d" % size, "none", path],
                          stderr=subprocess.DEVNULL)
    return done.returncode == 0


def in_own_namespace(test):
    """Runs that test of this script again, where everybody may mount."""
    me = ["unshare", "-Urm", sys.executable, "-B", os.path.abspath(sys.argv[0]), test]
    if os.environ.get("MOXD_NAMESPACE") or subprocess.run(["unshare", "-Urm", "true"],
                                                          stderr=subprocess.DEVNULL).returncode:
        raise Skip("needs the right to mount a file system")
    done = subprocess.run(me, env=dict(os.environ, MOXD_NAMESPACE="1"), stdout=subprocess.PIPE)
    print("\n".join(line for line in done.stdout.decode().splitlines() if line.startswith("#")))
    if b"# SKIP" in done.stdout:
        raise Skip("needs the right to mount a file system")
    expect(done.returncode == 0, "failed in a namespace of its own")


def with_mounted(server, directory, size, test):
    """Calls test(server) with that directory below the server's on a file system of its own. The
    server has not been started yet; it and its files are removed in the end."""
    path = server.path(directory)
    os.makedirs(path, exist_ok=True)
    mounted = mount(path, size)
    try:
        if mounted:
            test(server)
        else:
            in_own_namespace(sys._getframe(1).f_code.co_name)
    finally:
        server.kill()
        if mounted:
            subprocess.run(["umount", path], check=True)
        server.remove()
