# SPDX-License-Identifier: GPL-2.0-only
"""What the tests of captures share."""
import json
import os
import re
import shutil
import tempfile

from lib import go_build, need_tracing, schedtop

MS, S = 1_000_000, 1_000_000_000
OFF = {"GODEBUG": "asyncpreemptoff=1"}
VERSION = "1.26"


class Folder:
    """A folder that is removed at the end."""

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="schedtop-capture-")
        return self.dir

    def __exit__(self, *exc):
        shutil.rmtree(self.dir, ignore_errors=True)


def tightloop():
    need_tracing()
    return go_build("demo/tightloop", VERSION)


def pingpong():
    """
    Hundreds of thousands of kernel events a second, and its own clock: ns_per_round. Built with Go 1.22: from 1.25 on one
    run in four stands still by itself, also unwatched, when sysmon preempts one of the two threads that hold all Ps in raw
    system calls.
    """
    need_tracing()
    return go_build("tests/targets/pingpong", "1.22")


def a_capture(d, *argv, env=None):
    path = os.path.join(d, "file")
    p = schedtop("record", "-o", path, *(argv or ("--", tightloop(), "-seconds", "3")), env={**OFF, **(env or {})})
    assert p.returncode == 0, p.stderr
    return path


def replayed(path, clean=True):
    """The report of a capture; clean: of which nothing is lost."""
    p = schedtop("report", "--json", path)
    assert p.returncode == 0, (p.returncode, p.stderr)
    if clean:
        assert p.stderr == "", p.stderr
    return json.loads(p.stdout)


def playhead(text):
    """Seconds, by the right end of the first line."""
    m = re.search(r"(\d+(?:\.\d+)?) (s|ms|µs|ns)\s*$", text.splitlines()[0])
    assert m, text
    return float(m[1]) * {"s": 1, "ms": 1e-3, "µs": 1e-6, "ns": 1e-9}[m[2]]
