#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Stop-the-world pauses: schedtop must count exactly as many as the runtime itself (runtime/metrics)."""
from lib import case, go_build, need_tracing, report_of, run, truth

VERSIONS = ("1.19", "1.22", "1.26")


def pauses(version):
    need_tracing()
    binary = go_build("tests/targets/truth", version)
    report, out = report_of("run", "--", binary, "-gc", "40")
    own = truth(out)
    stw = report["stw"]
    assert report["collector"]["lost"] == 0, report["collector"]
    assert report["target"]["go_version"].startswith("go" + version), report["target"]
    assert int(own["stw_total_count"]) >= 80, own
    assert stw["count"] == int(own["stw_total_count"]), (stw, own)
    assert stw["total_ns"]["count"] == stw["count"], stw
    assert sum(stw["by_reason"].values()) == stw["count"], stw
    assert stw["stopping_ns"]["max"] <= stw["total_ns"]["max"], stw
    named = sum(n for reason, n in stw["by_reason"].items() if reason.startswith("GC "))
    assert named >= 80, stw


@case
def pauses_1_19():
    """Go 1.19: pauses equal runtime/metrics"""
    pauses("1.19")


@case
def pauses_1_22():
    """Go 1.22: pauses equal runtime/metrics"""
    pauses("1.22")


@case
def pauses_1_26():
    """Go 1.26: pauses equal runtime/metrics"""
    pauses("1.26")


run()
