#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Side by side: the target is started once more with other settings, in a pane of its own, in tmux."""
import os
import re
import signal
import subprocess
import time

from capture import OFF, Folder, replayed, tightloop
from lib import SCHEDTOP, case, go_build, need_tracing, run, schedtop, start, stop, wait_for
from screen import Screen

CLEAN = "-u GODEBUG LC_ALL=C.UTF-8"  # for env(1)
SHELL = r"(?m)^READY> *$"


def processes_of(binary):
    """The PIDs that run a binary, by its path in their arguments."""
    p = subprocess.run(["pgrep", "-f", f"^{re.escape(binary)}( |$)"], capture_output=True, text=True)
    return [int(x) for x in p.stdout.split()]


def ratio(text, row):
    """The ratio of a row of the strip; None while it isn't known."""
    m = re.search(rf"(?m)^{row} .*?([0-9.]+)×", text)
    return float(m[1]) if m else None


def open_settings(s):
    s.type("G")
    s.wait(r"Settings for another start")
    s.wait(r"asyncpreemptoff +0 +0")


def quit_schedtop(s, *binaries):
    s.type("q")
    s.wait(SHELL, 15)
    s.command("echo", "written-$((6*7))")
    s.wait(r"(?m)^written-42$")
    for binary in binaries:
        wait_for(f"the end of {binary}", lambda: not processes_of(binary))


@case
def schedtrace_beside():
    """Collector schedtrace: the first rows are Ps, since it sees no CPUs; the second start is asked to print, too"""
    binary = go_build("demo/tightloop", "1.26")
    with Screen(env=CLEAN) as s:
        s.command(SCHEDTOP, "run", "--collector=schedtrace", "--", binary)
        s.wait(r"(?m)^P0 .*█")
        s.type("r")
        s.wait(r"(?m)^ 2  the same settings ", 15)
        wait_for("the Ps of both", lambda: len(re.findall(r"(?m)^P0 .*█", s.text())) == 2)
        s.type("c")
        s.wait(r"(?m)^CPU0 +this collector doesn't see")
        quit_schedtop(s, binary)


@case
def preemption_off_beside():
    """G, a switch, r: two panes, what differs, a ratio above 1; both are recorded; q leaves nothing behind"""
    binary = tightloop()
    with Folder() as d, Screen(env=CLEAN) as s:
        cap = os.path.join(d, "both.cap")
        s.command(SCHEDTOP, "run", "--max-overhead=0", "-o", cap, "--", binary)
        s.wait(r"LIVE")
        s.wait(r"G settings")
        open_settings(s)
        s.type("Space")
        s.wait(r"next start: GODEBUG=asyncpreemptoff=1")
        s.type("r")
        s.wait(r"(?m)^ 1  as launched", 15)
        s.wait(r"(?m)^ 2  GODEBUG=asyncpreemptoff=1 .*async OFF", 15)
        s.wait(r"share the CPUs")
        assert len(processes_of(binary)) == 2, processes_of(binary)
        wait_for("the ratio", lambda: (ratio(s.text(), "preempt worst") or 0) > 1.5, 20)
        # The settings of the others are left, and the focus, the order and the axis change.
        s.type("1")
        s.wait(r"pane 1 of 2")
        s.type("z")
        s.wait(r"async preemption ON")
        s.type("z")
        s.wait(r"(?m)^ 2  GODEBUG")
        s.type("X", "1")
        s.wait(r"(?m)^ 1  as launched.*GODEBUG=asyncpreemptoff=1")
        s.type("L")
        s.wait(r"its own place")
        # Closing a pane ends its target, and only that.
        s.type("C")
        s.wait(r"async preemption ON", 15)
        wait_for("the end of one", lambda: len(processes_of(binary)) == 1)
        quit_schedtop(s, binary)
        other = os.path.join(d, "both-2.cap")
        assert os.stat(other).st_mode & 0o077 == 0
        assert replayed(cap)["async_preempt"]["enabled"] is True
        assert replayed(other)["async_preempt"]["enabled"] is False
        p = schedtop("snapshot", "--view", "compare", cap, other)
        assert p.returncode == 0 and "GODEBUG=asyncpreemptoff=1" in p.stdout, p.stdout
        assert ratio(p.stdout, "preempt worst") > 1, p.stdout
        # Both are replayed on one axis, and moved together.
        s.type("clear", "Enter")
        s.command(SCHEDTOP, "replay", cap, other)
        s.wait(r"(?m)^ 2  GODEBUG=asyncpreemptoff=1", 15)
        s.wait(r"REPLAY")
        s.type(":", "1", ".", "5", "Enter")
        s.wait(r"(?m)^ 1 .* 1\.[2-5]\d? s *$", 20)
        s.wait(r"(?m)^ 2 .* 1\.[2-5]\d? s *$", 20)
        s.type("G")
        s.wait(r"nothing that could be started again")
        quit_schedtop(s)


@case
def the_first_ends_before():
    """R ends the first target before; its pane stays, and the second runs alone"""
    binary = tightloop()
    with Screen(80, 24, env=CLEAN) as s:
        s.command(SCHEDTOP, "run", "--", binary)
        s.wait(r"LIVE")
        s.type("R")
        s.wait(r"(?m)^ 1  as launched.*ended", 15)
        s.wait(r"(?m)^ 2  the same settings", 15)
        assert len(processes_of(binary)) == 1
        assert "share the CPUs" not in s.text()
        # Too small for two: one is shown, and the status says so.
        s.resize(60, 12)
        s.wait(r"too small for all")
        s.resize(120, 40)
        s.wait(r"(?m)^ 1  as launched")
        quit_schedtop(s, binary)


@case
def another_binary():
    """another binary, by its path: its Go release is in the heading; a wrong path is refused, a bad start is said"""
    binary, other = tightloop(), go_build("demo/tightloop", "1.22")
    with Folder() as d, Screen(env=CLEAN) as s:
        broken = os.path.join(d, "broken")
        with open(broken, "w") as f:
            f.write("this is no program\n")
        os.chmod(broken, 0o755)
        s.command(SCHEDTOP, "run", "--", binary)
        s.wait(r"LIVE")
        open_settings(s)
        s.type("End", "e", "C-u")
        s.type(d, "Enter")
        s.wait(r"this is no file")
        s.type("C-u")
        s.type(other, "Enter")
        s.wait(r"next start: binary=")
        s.type("r")
        s.wait(r"(?m)^ 2  tightloop-1.22\S* go1.22", 15)
        # What the kernel refuses to start is a pane that says why.
        s.type("G")
        s.wait(r"Settings for another start")
        s.type("End", "e", "C-u")
        s.type(broken, "Enter")
        s.wait(r"next start: binary=")
        s.type("r")
        s.wait(r"couldn't be started", 15)
        s.wait(r"Exec format error")
        s.type("C")
        s.wait(r"pane \d of 2")
        quit_schedtop(s, binary, other)


@case
def beside_an_attached_process():
    """attached: it asks before, starts it as it was started, and the original runs on"""
    binary = tightloop()
    with Folder() as d:
        target = start([binary], cwd=d, env={**os.environ, **OFF, "SCHEDTOP_TEST": "a b"},
                       stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            with Screen(env=CLEAN) as s:
                s.command(SCHEDTOP, "attach", target.pid)
                s.wait(r"LIVE")
                s.type("r")
                s.wait(r"Start the target once more")
                s.wait(r"goes on running")
                s.type("n")
                time.sleep(0.3)
                assert processes_of(binary) == [target.pid]
                s.type("r")
                s.wait(r"Start the target once more")
                s.type("y")
                s.wait(r"(?m)^ 2  the same settings.*async OFF", 15)
                new = [p for p in processes_of(binary) if p != target.pid]
                assert len(new) == 1, new
                assert os.readlink(f"/proc/{new[0]}/cwd") == os.path.realpath(d)
                with open(f"/proc/{new[0]}/environ", "rb") as f:
                    env = f.read().split(b"\0")
                assert b"SCHEDTOP_TEST=a b" in env and b"GODEBUG=asyncpreemptoff=1" in env, env
                s.type("q")
                s.wait(SHELL, 15)
                wait_for("the new one's end", lambda: processes_of(binary) == [target.pid])
        finally:
            stop(target)


@case
def killed():
    """schedtop killed: what it started doesn't stay"""
    binary = tightloop()
    with Screen(env=CLEAN) as s:
        s.command(SCHEDTOP, "run", "--", binary)
        s.wait(r"LIVE")
        s.type("r")
        s.wait(r"(?m)^ 2  the same settings", 15)
        os.kill(s.pid(), signal.SIGKILL)
        wait_for("the end of both", lambda: not processes_of(binary))


run()
