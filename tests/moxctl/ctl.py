"""moxctl for tests."""

import os
import subprocess
import sys

TESTS = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
sys.path.insert(0, os.path.join(TESTS, "daemon"))

from echo import BUILD_DIR, MODULES, PATIENCE, Failure, expect  # noqa: E402,F401

MOXCTL = os.path.join(BUILD_DIR, "moxctl")


def moxctl(*args, conf=None, stdin=b"", env=None, cwd=None):
    """Runs it to its end; (status, output, errors)."""
    command = [MOXCTL, *(["-c", conf] if conf else []), *args]
    done = subprocess.run(command, input=stdin, stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                          timeout=PATIENCE, env=dict(os.environ, **(env or {})), cwd=cwd)
    return done.returncode, done.stdout.decode(), done.stderr.decode()


def good(*args, **kw):
    """The output of a command that must succeed and complain about nothing."""
    status, out, err = moxctl(*args, **kw)
    if status != 0 or err:
        raise Failure("moxctl %s: status %d\n%s%s" % (" ".join(args), status, out, err))
    return out


def bad(status, text, *args, **kw):
    """A command must fail with this status and this text in its errors."""
    got, out, err = moxctl(*args, **kw)
    if got != status or text not in err:
        raise Failure("moxctl %s: status %d, not %d, or no %r in:\n%s%s"
                      % (" ".join(args), got, status, text, out, err))
