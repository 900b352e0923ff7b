#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Go binaries of every release line, with and without symbols, static and position-independent: what is found in them.

How they look while they run is in test_matrix.py.
"""
import json
import os
import subprocess

from lib import SCHEDTOP, TOP, case, go_build, go_tool, run

VERSIONS = ("1.19", "1.21", "1.22", "1.23", "1.24", "1.25", "1.26")
VARIANTS = {
    "plain": [],
    "stripped": ["-ldflags=-s -w"],
    "pie": ["-buildmode=pie"],
    "stripped-pie": ["-buildmode=pie", "-ldflags=-s -w"],
}

# Probes whose place isn't at the start of the function: its RET, or the call of another one.
DEEP = ("world stopped", "created", "GC assist begins", "GC assist ends")


def inspect(binary):
    p = subprocess.run([SCHEDTOP, "inspect", "--json", binary], capture_output=True, text=True, timeout=30)
    assert p.returncode == 0, p.stderr
    return json.loads(p.stdout)


def symbols(version, binary):
    p = subprocess.run([go_tool(version), "tool", "nm", binary], capture_output=True, text=True, timeout=60)
    return {f[2]: int(f[0], 16) for f in (l.split() for l in p.stdout.splitlines()) if len(f) == 3}


def inspected(version):
    for variant, flags in VARIANTS.items():
        binary = go_build("tests/targets/truth", version, *flags, tag=variant)
        seen = inspect(binary)
        assert seen["go_version"].startswith("go" + version), seen["go_version"]
        assert seen["stripped"] == ("stripped" in variant), (variant, seen["stripped"])
        assert seen["pie"] == ("pie" in variant), (variant, seen["pie"])
        assert seen["layout"]["tls_g"] == -8 and seen["layout"]["offsets"] == "known", seen["layout"]
        assert seen["async_preempt"]["enabled"] is True and seen["async_preempt"]["source"] == "default"
        assert len([p for p in seen["probes"] if p["detail"] == "sched"]) >= 7, seen["probes"]
        assert len([p for p in seen["probes"] if p["detail"] == "exact"]) == 14, seen["probes"]
        for probe in seen["probes"]:
            # Only the RET of stopTheWorldWithSema has no cheap instruction.
            assert probe["emulated"] or probe["name"] == "world stopped", (version, variant, probe)
        if "stripped" in variant:
            continue
        names = symbols(version, binary)
        for probe in seen["probes"]:
            # Assembly has the other calling convention in its symbol's name in some versions.
            entry = names.get(probe["func"]) or names[probe["func"] + ".abi0"]
            at = probe["vaddr"] - entry
            assert 0 <= at < 1024, (version, variant, probe, entry)
            deep = probe["name"] in DEEP or version == "1.19" and "system call" in probe["name"]
            assert at <= 32 or deep, (version, variant, probe, at)


for v in VERSIONS:
    def one(v=v):
        inspected(v)
    one.__doc__ = f"Go {v}: plain, stripped, PIE, stripped PIE: version, layout and probe points"
    case(one)

@case
def offsets_table():
    """the offsets table is what the toolchains' DWARF says"""
    p = subprocess.run([os.path.join(TOP, "scripts", "gen-offsets"), "--check"], capture_output=True, text=True, timeout=300)
    assert p.returncode == 0, p.stdout + p.stderr


@case
def inspect_is_quick():
    """inspecting takes little: a binary of the Go distribution itself in under 0.2 s and 64 MB"""
    go = go_tool("1.26")
    code = ("import resource,subprocess,sys,time; t=time.monotonic(); "
            "subprocess.run(sys.argv[1:],stdout=subprocess.DEVNULL,check=True); "
            "print(time.monotonic()-t, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)")
    p = subprocess.run(["python3", "-c", code, SCHEDTOP, "inspect", go], capture_output=True, text=True, timeout=60)
    seconds, kib = (float(x) for x in p.stdout.split())
    assert kib < 64 * 1024, f"{kib} KiB resident"
    assert seconds < 1.0, f"{seconds} s"  # the goal is 0.2 s; CI machines are noisy


run()
