#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""schedtop compare on real programs: what differs is found, what doesn't isn't claimed, what hangs or fails is named."""
import glob
import json
import os
import tempfile

from lib import case, go_build, need_tracing, note, run, schedtop

QUICK = ("--rounds=4", "--warmup=0", "--no-noise-check")


def compared(*args, status=0, timeout=120):
    """A comparison as (its JSON, stderr)."""
    p = schedtop("compare", "--json", *args, timeout=timeout)
    assert p.returncode == status, f"exit status {p.returncode}, expected {status}: {p.stderr[-2000:]}"
    return json.loads(p.stdout), p.stderr


def ratio_of(result, figure, variant):
    found = [r for r in result["ratios"] if r["figure"] == figure and r["variant"] == variant]
    assert len(found) == 1, (figure, variant)
    return found[0]


def tightloop_ratio(version):
    need_tracing()
    binary = go_build("demo/tightloop", version)
    result, _ = compared(*QUICK, "--duration=1.2", "--variant=on", "--variant=off:asyncpreemptoff=1", "--", binary, "-chunk",
                         "300ms")
    assert result["schema"] == "schedtop.compare/1"
    on, off = result["variants"]
    assert on["report"]["target"]["go_version"].startswith("go" + version), on["report"]["target"]
    assert on["rounds"] == off["rounds"] == 4
    assert off["env"] == {"GODEBUG": "asyncpreemptoff=1"} and on["env"] == {}
    assert on["report"]["async_preempt"]["enabled"] is True, on["report"]["async_preempt"]
    assert off["report"]["async_preempt"]["enabled"] is False, off["report"]["async_preempt"]
    r = ratio_of(result, "preempt.latency_ns.mean", "off")
    note(f"Go {version}: mean preemption latency {r['baseline_value'] / 1e6:.3f} ms with, {r['value'] / 1e6:.1f} ms without: "
         f"ratio {r['ratio']:.0f}, interval {r['ci95']}")
    assert r["ratio"] > 10, r
    assert r["ci95"][0] > 1 and r["significant"] is True, r
    # A round each, alternating: on off, off on, ...
    order = sorted((x["order"], v["name"]) for v in result["variants"] for x in v["runs"])
    assert [name for _, name in order] == ["on", "off", "off", "on"] * 2, order
    # The merged report is that of the rounds: a request is in the histogram once.
    assert off["report"]["preempt"]["latency_ns"]["count"] == off["report"]["preempt"]["requests"], off["report"]["preempt"]


@case
def ratio_1_19():
    """Go 1.19: without async preemption the latency is over 10 times longer, and the interval excludes 1"""
    tightloop_ratio("1.19")


@case
def ratio_1_22():
    """Go 1.22: without async preemption the latency is over 10 times longer, and the interval excludes 1"""
    tightloop_ratio("1.22")


@case
def ratio_1_26():
    """Go 1.26: without async preemption the latency is over 10 times longer, and the interval excludes 1"""
    tightloop_ratio("1.26")


@case
def null_comparison():
    """the same variant twice: no claim about the latency, the pauses or the run queue"""
    need_tracing()
    binary = go_build("demo/gcstorm", "1.22")
    result, _ = compared("--rounds=4", "--warmup=1", "--duration=0.5", "--variant=a", "--variant=b", "--", binary)
    assert result["noise_check"]["rounds"] == 4
    figures = ("preempt.latency_ns.mean", "preempt.latency_ns.p99", "stw.total_ns.p95", "stw.total_ns.max",
               "runqueue_ns.p99")
    claimed = [f for f in figures if ratio_of(result, f, "b")["significant"]]
    measured = [f for f in figures if ratio_of(result, f, "b")["ratio"] is not None]
    assert len(measured) >= 3, result["ratios"]
    # With five figures at 95 % one of them may be claimed by chance.
    assert len(claimed) <= 1, [ratio_of(result, f, "b") for f in claimed]


@case
def hang_is_named():
    """a variant that hangs is ended, and who held it is named"""
    need_tracing()
    binary = go_build("tests/targets/spin", "1.22")
    with tempfile.TemporaryDirectory() as d:
        save = os.path.join(d, "captures")
        result, _ = compared("--rounds=2", "--warmup=0", "--no-noise-check", "--duration=1", "--timeout=2.5", "--save", save,
                             "--variant=on", "--variant=off:GODEBUG=asyncpreemptoff=1", "--", binary, status=1)
        on, off = result["variants"]
        assert on["hung"] == 0 and off["hung"] == 2, (on["hung"], off["hung"])
        for x in off["runs"]:
            h = x["hung"]
            assert h["func"] == "main.spinForever" and h["file"].endswith("main.go") and h["line"] > 0, h
            assert h["goid"] and h["stw_reason"].startswith("GC "), h
            assert 2.4e9 < h["after_ns"] < 10e9 and h["pending_ns"] > 1e9, h
        # What was pending counts at its length so far.
        assert off["report"]["preempt"]["latency_ns"]["max"] > 1e9, off["report"]["preempt"]["latency_ns"]
        assert off["report"]["stw"]["stopping_ns"]["max"] > 1e9, off["report"]["stw"]
        files = sorted(os.path.basename(f) for f in glob.glob(save + "/*"))
        assert files == ["off-1.cap", "off-2.cap", "on-1.cap", "on-2.cap"], files
        p = schedtop("report", "--json", os.path.join(save, "off-1.cap"))
        assert p.returncode == 0 and json.loads(p.stdout)["preempt"]["pending"] >= 1, p.stderr


@case
def failure_is_the_variants():
    """a program that ends badly, or isn't there, in one variant: the others go on, and the status is 1"""
    need_tracing()
    binary = go_build("tests/targets/spin", "1.22")
    result, err = compared("--rounds=1", "--warmup=0", "--no-noise-check", "--duration=1.5", "--variant=on",
                           "--variant=off:asyncpreemptoff=1", "--binary=gone:/nonexistent/program", "--", binary,
                           "-fail-if-off", status=1)
    on, off, gone = result["variants"]
    assert on["rounds"] == 1 and on["error"] is None and on["report"]["preempt"]["requests"] > 0, on["error"]
    assert off["rounds"] == 0 and "status 3" in off["error"] and off["report"] is None, off
    assert gone["rounds"] == 0 and "No such file" in gone["error"], gone
    assert "schedtop: variant off: " in err and "schedtop: variant gone: " in err, err
    assert ratio_of(result, "preempt.latency_ns.mean", "off")["ratio"] is None
    # It may be what the program should do.
    result, _ = compared("--rounds=1", "--warmup=0", "--no-noise-check", "--ignore-status", "--duration=1.5", "--variant=on",
                         "--variant=off:asyncpreemptoff=1", "--", binary, "-fail-if-off")
    assert result["variants"][1]["runs"][0]["exit_status"] == 3, result["variants"][1]["runs"]


@case
def assertions_set_the_status():
    """--assert: 0 when all hold, 1 when one doesn't, and which is said; 2 with a mark when it can't be read"""
    need_tracing()
    binary = go_build("demo/gcstorm", "1.22")
    common = ("--rounds=1", "--warmup=0", "--no-noise-check", "--duration=0.3", "--variant=a", "--variant=b")
    q = schedtop("compare", *common, "--assert", "stw.count value>0", "--assert", "stw.total_ns.max b value<1ns", "--", binary)
    assert q.returncode == 1 and "--assert 'stw.total_ns.max b value<1ns' doesn't hold: with b the value is" in q.stderr, q.stderr
    assert "--assert 'stw.count" not in q.stderr, q.stderr
    assert "few to tell a difference" in q.stdout, q.stdout
    r = schedtop("compare", *common, "--assert", "stw.count value>0", "--", binary)
    assert r.returncode == 0, r.stderr
    bad = schedtop("compare", *common, "--assert", "stw.count value>>0", "--", binary)
    assert bad.returncode == 2 and bad.stderr.splitlines()[-1].index("^") == 2 + len("stw.count value>"), bad.stderr
    assert not bad.stdout


@case
def parallel_on_cpus_of_their_own():
    """--parallel: both at once, on disjoint CPUs; refused with the reason where there are too few"""
    need_tracing()
    n = len(os.sched_getaffinity(0))
    binary = go_build("demo/gcstorm", "1.22")
    few = schedtop("compare", "--parallel", *(f"--variant=v{i}" for i in range(8)), "--", binary) if n < 8 else None
    assert few is None or (few.returncode == 1 and f"schedtop may use {n}" in few.stderr), few.stderr
    if n < 2:
        return
    result, _ = compared("--parallel", "--rounds=1", "--warmup=0", "--no-noise-check", "--duration=0.4", "--variant=a",
                         "--variant=b", "--", binary)
    used = []
    for v in result["variants"]:
        busy = sorted((c["target_ns"], c["cpu"]) for c in v["report"]["cpus"])
        total = sum(ns for ns, _ in busy)
        # The start of a process, before it is pinned, may show elsewhere.
        used.append({cpu for ns, cpu in busy if ns > total / 20})
    assert used[0] and used[1] and not used[0] & used[1], used


run()
