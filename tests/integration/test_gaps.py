#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Preemption gaps of the tightloop demo, against the demo's own clock."""
from lib import case, go_build, need_tracing, report_of, run, truth

MS = 1_000_000
SLICE_MS = 10  # runtime/proc.go forcePreemptNS; sysmon asks 10 to 20 ms into the slice
VERSIONS = ("1.19", "1.23", "1.26")


def off(version):
    need_tracing()
    binary = go_build("demo/tightloop", version)
    report, out = report_of("run", "--", binary, "-seconds", "5", env={"GODEBUG": "asyncpreemptoff=1"})
    own = truth(out)
    async_preempt, preempt = report["async_preempt"], report["preempt"]
    assert async_preempt["enabled"] is False and async_preempt["source"] == "environment", async_preempt
    assert any("asyncpreemptoff" in e for e in async_preempt["evidence"]), async_preempt
    # A GC worker that wants to scan the stack of a loop spins until the loop ends, asked to yield itself.
    worst = next(w for w in preempt["worst"] if w["func"].startswith("main."))
    chunk_ms = float(own["worst_chunk_ms"])
    gap_ms = worst["latency_ns"] / MS
    # A gap starts when sysmon asks, 10 to 20 ms into the chunk, or later where sysmon itself has to wait for a CPU, which
    # the session measured; the measurement may add 2 ms.
    sysmon_waits_ms = report["runqueue_ns"]["p99"] / MS
    assert chunk_ms - 2 * SLICE_MS - 2 - sysmon_waits_ms <= gap_ms <= chunk_ms + 2, (worst, own, sysmon_waits_ms)
    assert worst["func"] == "main.crunch", worst
    assert worst["file"].endswith("tightloop/main.go") and worst["line"] > 0, worst
    # Who stops the world calls preemptone for its own P, too, every 100 µs: those are no requests, and would be the median.
    assert preempt["latency_ns"]["p50"] > 50 * MS, preempt["latency_ns"]
    assert preempt["taken"]["async"] == 0 and preempt["signals"] == 0, preempt
    codes = [v["code"] for v in report["verdicts"]]
    assert codes[0] == "async-preempt-off", codes
    assert "main.crunch" in str(report["verdicts"][0]), report["verdicts"][0]
    assert report["collector"]["lost"] == 0, report["collector"]


def on(version):
    need_tracing()
    binary = go_build("demo/tightloop", version)
    report, _ = report_of("run", "--", binary, "-seconds", "4", env={"GODEBUG": ""})
    preempt = report["preempt"]
    assert report["async_preempt"]["enabled"] is True, report["async_preempt"]
    assert preempt["taken"]["async"] > 20 and preempt["signals"] >= preempt["taken"]["async"], preempt
    assert preempt["latency_ns"]["p50"] < 5 * MS, preempt
    assert "async-preempt-off" not in [v["code"] for v in report["verdicts"]]


@case
def off_1_19():
    """Go 1.19, async preemption off: the worst gap is the chunk less its slice, and main.crunch is named"""
    off("1.19")


@case
def off_1_23():
    """Go 1.23, async preemption off: the worst gap is the chunk less its slice, and main.crunch is named"""
    off("1.23")


@case
def off_1_26():
    """Go 1.26, async preemption off: the worst gap is the chunk less its slice, and main.crunch is named"""
    off("1.26")


@case
def on_1_19():
    """Go 1.19, async preemption on: gaps are short and taken by signal"""
    on("1.19")


@case
def on_1_26():
    """Go 1.26, async preemption on: gaps are short and taken by signal"""
    on("1.26")


run()
