# SPDX-License-Identifier: GPL-2.0-only
"""Reads the runtime's own execution trace (runtime/trace, Go 1.22 and later) as go tool trace prints it.

Times there are CLOCK_MONOTONIC nanoseconds in steps of 64 (runtime/trace2time.go traceTimeDiv), M is the thread id.
"""
import os
import re
import subprocess

from lib import CACHE, go_tool

EVENT = re.compile(r"^M=(-?\d+) P=(-?\d+) G=(-?\d+) (\w+) Time=(\d+)(.*)$")
CHANGE = re.compile(r"\bGoID=(\d+) (\w+)->(\w+)")
STEP_NS = 64


class Interval:
    """A goroutine on a thread, from one switch to the next."""

    __slots__ = ("goid", "tid", "start", "end", "why")

    def __init__(self, goid, tid, start, end, why=""):
        self.goid, self.tid, self.start, self.end, self.why = goid, tid, start, end, why

    def __repr__(self):
        us = (self.end - self.start) / 1000
        return f"goid {self.goid} tid {self.tid} {self.start}..{self.end} ({us:.0f} us) {self.why}"


class Trace:
    """Running intervals in the order of their ends, and how goroutines began: {goid: time}, {goid: start function}."""

    def __init__(self):
        self.intervals, self.created, self.func = [], {}, {}


def parse(lines):
    """Reads the lines of parsed events. A goroutine that ran before the trace began has no start then: it isn't told."""
    trace, running, newborn = Trace(), {}, None
    for line in lines:
        m = EVENT.match(line)
        if not m:
            # The stack of a new goroutine comes first: its start function.
            if newborn and line.startswith("\t"):
                trace.func[newborn] = line.split(" @ ")[0].strip()
                newborn = None
            continue
        newborn = None
        change = CHANGE.search(m[6]) if m[4] == "StateTransition" else None
        if not change:
            continue
        tid, time_ns, goid = int(m[1]), int(m[5]), int(change[1])
        before, after = change[2], change[3]
        if before == "NotExist":
            trace.created[goid], newborn = time_ns, goid
        if before == after:
            continue  # a generation of the trace repeats what was known
        if before == "Running" and goid in running:
            on, start = running.pop(goid)
            trace.intervals.append(Interval(goid, on, start, time_ns, after))
        if after == "Running" and before != "Undetermined":
            running[goid] = tid, time_ns
    return trace


def read(path, version):
    """The trace in a file that a program built with that Go release wrote."""
    # From 1.25 the tool isn't part of the toolchain: it is built when it is first used. One of them reads both.
    tool = "1.26" if version in ("1.25", "1.26") else version
    mode = "1" if version in ("1.22", "1.23") else "parsed"
    env = {**os.environ, "GOTOOLCHAIN": "local", "GOFLAGS": "", "GOPROXY": "off", "CGO_ENABLED": "0",
           "GOCACHE": os.path.join(CACHE, "go-build"), "GOPATH": os.path.join(CACHE, "gopath")}
    p = subprocess.run([go_tool(tool), "tool", "trace", f"-d={mode}", path], env=env, capture_output=True, text=True,
                       timeout=300)
    assert p.returncode == 0, f"go tool trace: {p.stderr[-1000:]}"
    return parse(p.stdout.splitlines())
