#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Exports of sessions that are recorded now."""
import os
import tempfile

import compare
from lib import case, go_build, need_tracing, run, schedtop

MS = 1_000_000


def record(folder, *args, env=None):
    capture = os.path.join(folder, "session.cap")
    p = schedtop("record", "-o", capture, *args, timeout=120, env=env)
    assert p.returncode == 0, p.stderr[-1000:]
    return capture


@case
def collections():
    """gcstorm at detail exact: pauses, gaps, run queues; all four tell the same"""
    need_tracing()
    with tempfile.TemporaryDirectory() as folder:
        x = compare.check_all(record(folder, "--detail=exact", "--duration=3", "--", go_build("demo/gcstorm", "1.23")))
    assert len(x.of("stw")) > 20, x.lines[-1]
    assert any(c["name"] == "run_queue" for c in x.of("counter"))
    stopped = [s for s in x.trace.slices if s.name == "stopped"]
    assert len(stopped) > 20 and all(s.depth == 1 for s in stopped)


@case
def tight_loop():
    """tightloop without asynchronous preemption: a gap of its chunk's length, with cause, function and place"""
    need_tracing()
    with tempfile.TemporaryDirectory() as folder:
        x = compare.check_all(record(folder, "--duration=3", "--", go_build("demo/tightloop", "1.19"),
                                     env={"GODEBUG": "asyncpreemptoff=1"}))
    longest = max((s for s in x.trace.slices if s.categories == ["gap"]), key=lambda s: s.end - s.begin)
    worst = x.report["preempt"]["worst"][0]
    assert longest.end - longest.begin == worst["latency_ns"] > 50 * MS, (vars(longest), worst)
    assert longest.name == "main.crunch" and longest.notes["why"] == worst["why"], (vars(longest), worst)
    assert longest.notes["file"].endswith("tightloop/main.go") and longest.notes["line"] == worst["line"], longest.notes


run()
