#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Every Go release line in every way to link it: what schedtop shows is what the program knows of itself.

One run of meson's is one release line (SCHEDTOP_GO; all of them without it). A cell is a binary and a state of async
preemption. In each must agree: the version, the binary's kind, async preemption and who decided it, the number of
stop-the-world pauses (runtime/metrics), the worst gap's function and length (the program sees by itself when it is
asked to leave, tests/targets/gstate), and the goroutines' ids and start functions (the program's own stack traces).
"""
import os
import re
import time

from lib import case, go_build, need_tracing, note, report_of, run, truth

MS = 1_000_000
LINES = ("1.19", "1.21", "1.22", "1.23", "1.24", "1.25", "1.26")
VERSIONS = [os.environ["SCHEDTOP_GO"]] if os.environ.get("SCHEDTOP_GO") else LINES

STRIP, EXTERNAL = "-s -w", "-linkmode=external"
VARIANTS = {  # flags of the linker, position-independent, cgo
    "plain": ("", False, False),
    "stripped": (STRIP, False, False),
    "pie": ("", True, False),
    "stripped-pie": (STRIP, True, False),
    "cgo": (EXTERNAL, False, True),
    "stripped-cgo": (f"{STRIP} {EXTERNAL}", False, True),
    "stripped-pie-cgo": (f"{STRIP} {EXTERNAL}", True, True),
}
GAP_TOLERANCE_MS = 2
HOLD = "schedtop/tests/targets/gstate.Hold"


class Disturbed(AssertionError):
    """A length that other load on the machine can change."""


def build(version, variant):
    ldflags, pie, cgo = VARIANTS[variant]
    flags = [f"-ldflags={ldflags}"] if ldflags else []
    if pie:
        flags.append("-buildmode=pie")
    return go_build("tests/targets/truth", version, *flags, tag=variant, env={"CGO_ENABLED": "1"} if cgo else None)


def check_identity(report, own, version, variant):
    _, pie, cgo = VARIANTS[variant]
    target = report["target"]
    assert target["go_version"] == own["go_version"], (target["go_version"], own["go_version"])
    assert target["go_version"].startswith("go" + version), target["go_version"]
    assert own["cgo"] == str(cgo).lower(), own["cgo"]
    assert target["linkmode"] == ("external" if cgo else "internal"), target["linkmode"]
    assert target["stripped"] == ("stripped" in variant), target["stripped"]
    if version != "1.19":  # which doesn't note it
        assert target["build_settings"].get("-buildmode") == ("pie" if pie else "exe"), target["build_settings"]
    assert target["build_settings"].get("CGO_ENABLED") == ("1" if cgo else "0"), target["build_settings"]
    assert target["gomaxprocs"] == int(own["gomaxprocs"]), (target["gomaxprocs"], own["gomaxprocs"])
    assert target["exit_status"] == 0, target["exit_status"]


def check_async(report, on):
    async_preempt, preempt = report["async_preempt"], report["preempt"]
    assert async_preempt["enabled"] is on, async_preempt
    assert async_preempt["source"] == ("default" if on else "environment"), async_preempt
    assert any("memory" in e for e in async_preempt["evidence"]), async_preempt
    if on:
        assert preempt["taken"]["async"] >= 1 and preempt["signals"] >= preempt["taken"]["async"], preempt
    else:
        assert preempt["taken"]["async"] == 0 and preempt["signals"] == 0, preempt


def check_pauses(report, own):
    stw = report["stw"]
    assert int(own["gc_cycles"]) >= 20, own
    assert stw["count"] == int(own["stw_total_count"]), (stw, own)
    assert stw["total_ns"]["count"] == stw["count"] == sum(stw["by_reason"].values()), stw
    for reason in ("GC mark termination", "GC sweep termination"):
        assert stw["by_reason"][reason] == int(own["gc_cycles"]), (reason, stw, own)


def check_worst_gap(report, own, kind, func):
    worst = report["preempt"]["worst"][0]
    gap_ms, own_ms = worst["latency_ns"] / MS, float(own[f"worst_{kind}_gap_ms"])
    if own_ms < 30:
        raise Disturbed(f"asked to leave only {own_ms} ms before the end of the loop: sysmon had no CPU")
    # The probe's hit comes before the flag that the program sees. In between the asking thread can lose its CPU; for
    # how long at most the session itself has measured. Any goroutine that finds no CPU for long has a gap, too.
    wait_ms = report["runqueue_ns"]["max"] / MS
    said = f"worst gap {gap_ms} ms, own {own_ms} ms, waits of up to {wait_ms} ms: {report['preempt']['worst'][:3]}"
    if not own_ms - GAP_TOLERANCE_MS <= gap_ms <= own_ms + GAP_TOLERANCE_MS + wait_ms:
        raise Disturbed(said)
    if gap_ms > own_ms + GAP_TOLERANCE_MS and worst["func"] != func:
        raise Disturbed(said)
    assert worst["func"] == func, worst
    assert worst["goid"] == int(own["goid_main"]) and worst["pending"] is False, worst
    assert worst["file"].endswith(".s" if kind == "hold" else "loops.go") and worst["line"] > 0, worst


def check_goroutines(report, own):
    crowd = dict(word.split(":", 1) for word in own["goroutines"].split(","))
    assert len(crowd) == 12, own["goroutines"]
    # Tracebacks leave out what a generic function is made for: main.generic[go.shape.int] is main.generic[...] there.
    shown = {str(g["goid"]): re.sub(r"\[.*\]", "[...]", g["func"] or "") for g in report["goroutines"]}
    wrong = {goid: (shown.get(goid), func) for goid, func in crowd.items() if shown.get(goid) != func}
    assert not wrong, f"shown, own: {wrong}"
    assert shown.get(own["goid_main"]) == "runtime.main", shown
    alien = {goid: func for goid, func in shown.items() if not func or (func.startswith("main.") and goid not in crowd)}
    assert not alien, alien
    for g in report["goroutines"]:
        # A member computes for 10 ms of wall time, or less where it had to share its CPU.
        assert str(g["goid"]) not in crowd or g["run_ns"] > 0, g


def observe(binary, version, variant, on):
    flags = ["-gc", "20", "-spins", "1", "-spin", "100ms", "-goids", "12", *(["-holds", "1"] if on else [])]
    report, out = report_of("run", "--", binary, *flags, env={"GODEBUG": "" if on else "asyncpreemptoff=1"})
    own = truth(out)
    assert report["collector"]["lost"] == 0 and not report["collector"]["missing"], report["collector"]
    check_identity(report, own, version, variant)
    check_async(report, on)
    check_pauses(report, own)
    check_worst_gap(report, own, *(("hold", HOLD) if on else ("spin", "main.loop")))
    check_goroutines(report, own)


def twice(what, observation):
    """Once more where something was disturbed: a neighbour's load can take the CPU from a thread for longer than the
    tolerance. Counts and names don't depend on that and get no second try."""
    try:
        observation()
    except Disturbed as e:
        note(f"DISTURBED, once more: {what}: {e}")
        observation()


def cell(version, variant, on):
    need_tracing()
    binary = build(version, variant)
    twice(f"Go {version} {variant}", lambda: observe(binary, version, variant, on))


def observe_linker_default(binary, version):
    """A default that the linker put in decides from 1.21 on (runtime.godebugDefault); 1.19 knows nothing of it."""
    off = version != "1.19"
    report, out = report_of("run", "--", binary, "-spins", "1", env={"GODEBUG": ""})
    own, async_preempt, preempt = truth(out), report["async_preempt"], report["preempt"]
    assert async_preempt["enabled"] is not off, async_preempt
    assert async_preempt["source"] == ("linker" if off else "default"), async_preempt
    assert (preempt["taken"]["async"] == 0) is off, preempt
    if off and float(own["worst_spin_gap_ms"]) < 30:
        raise Disturbed(f"the program was hardly asked to leave: {own}")
    # The environment goes over it.
    report, _ = report_of("run", "--", binary, "-spins", "1", env={"GODEBUG": "asyncpreemptoff=0"})
    assert report["async_preempt"]["enabled"] is True, report["async_preempt"]
    assert report["async_preempt"]["source"] == "environment", report["async_preempt"]
    assert report["preempt"]["taken"]["async"] > 0, report["preempt"]


def build_all(version):
    start = time.monotonic()
    for variant in VARIANTS:
        build(version, variant)
    note(f"built {len(VARIANTS)} binaries with Go {version} in {time.monotonic() - start:.1f} s")


def add(version):
    def builds():
        build_all(version)
    builds.__doc__ = f"Go {version}: the target builds in {len(VARIANTS)} ways"
    case(builds)
    for variant in VARIANTS:
        for on in (True, False):
            def one(variant=variant, on=on):
                cell(version, variant, on)
            one.__doc__ = f"Go {version}, {variant}, async preemption {'on' if on else 'off'}"
            one.__name__ = f"{version}-{variant}-{'on' if on else 'off'}"
            case(one)

    def linker():
        need_tracing()
        binary = go_build("tests/targets/truth", version, "-ldflags=-X runtime.godebugDefault=asyncpreemptoff=1",
                          tag="linker-off")
        twice(f"Go {version}, linker's default", lambda: observe_linker_default(binary, version))
    linker.__doc__ = f"Go {version}: async preemption by the linker's default, and by the environment over it"
    case(linker)


for v in VERSIONS:
    add(v)
run()
