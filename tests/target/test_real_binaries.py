#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""go_binary on real programs: what it recovers without symbols and DWARF is what they say."""
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))
from lib import BUILD, case, go_build, go_tool, run, schedtop, start, stop, wait_for  # noqa: E402

VERSIONS = ("1.19", "1.21", "1.22", "1.23", "1.24", "1.25", "1.26")
VARIANTS = {
    "plain": [],
    "stripped": ["-ldflags=-s -w"],
    "pie": ["-buildmode=pie"],
    "stripped-pie": ["-buildmode=pie", "-ldflags=-s -w"],
}
DATA = ("runtime.allgs", "runtime.allm", "runtime.allp", "runtime.sched", "runtime.gomaxprocs", "runtime.godebugDefault")


def dump(binary, *args, text=""):
    p = subprocess.run([os.path.join(BUILD, "tests", "target", "binary_dump"), binary, *args], input=text,
                       capture_output=True, text=True, timeout=60)
    assert p.returncode == 0, p.stderr
    return json.loads(p.stdout)


def symbols(version, binary):
    p = subprocess.run([go_tool(version), "tool", "nm", binary], capture_output=True, text=True, timeout=60)
    return {f[2]: int(f[0], 16) for f in (l.split() for l in p.stdout.splitlines()) if len(f) == 3}


def same_distances(data, names):
    """Without symbols the sections lie elsewhere, but shift as a whole: these are all of .bss."""
    for name in ("runtime.allp", "runtime.sched"):
        apart = data[name] - data["runtime.allgs"]
        assert apart == names[name] - names["runtime.allgs"], (name, apart)


def recovered(version, plain, stripped):
    """The code of both is the same but for where data lies: compare each with its own symbols, through the code."""
    full = dump(go_build("tests/targets/truth", version, *VARIANTS[plain], tag=plain))
    bare = dump(go_build("tests/targets/truth", version, *VARIANTS[stripped], tag=stripped))
    names = symbols(version, go_build("tests/targets/truth", version, *VARIANTS[plain], tag=plain))
    for name in DATA:
        if name == "runtime.godebugDefault" and version == "1.19":
            continue  # came in 1.20
        assert full["data"][name] == names[name], (name, full["data"])
        assert name in bare["data"], (name, bare["data"])
    same_distances(bare["data"], names)
    assert len(full["probes"]) == len(bare["probes"]) >= 22, (len(full["probes"]), len(bare["probes"]))
    assert full["offsets"] == bare["offsets"] == full["dwarf"] and "dwarf" not in bare
    assert full["source"] == bare["source"] == "table" and full["row"] == full["version"], full["row"]


def located(version):
    """Four addresses in each function, compared with the go tool's answer, which reads the same table."""
    binary = go_build("tests/targets/truth", version, *VARIANTS["plain"], tag="plain")
    p = subprocess.run([go_tool(version), "tool", "nm", "-size", binary], capture_output=True, text=True, timeout=60)
    functions = [f for f in (l.split() for l in p.stdout.splitlines()) if len(f) == 4 and f[2] in "tT" and int(f[1]) > 8]
    at = sorted({int(f[0], 16) + i * int(f[1]) // 4 for f in functions for i in range(4)})
    p = subprocess.run([go_tool(version), "tool", "addr2line", binary], input="\n".join(hex(a) for a in at),
                       capture_output=True, text=True, timeout=120)
    theirs = p.stdout.splitlines()
    ours = dump(binary, "--resolve", text="\n".join(f"{a:x}" for a in at))["resolved"]
    wrong, inlined = [], 0
    for i, a in enumerate(at):
        func, line = theirs[2 * i], theirs[2 * i + 1]
        if line.endswith(":-1"):
            continue  # marks of the linker, without a line
        own = ours.get(f"{a:x}")
        if own is None or f"{own[1]}:{own[2]}" != line:
            wrong.append((hex(a), own, func, line))
        elif own[0] != func:
            inlined += 1  # theirs is the function that the call was inlined into
    assert not wrong, (len(wrong), wrong[:5])
    assert len(at) > 4000 and inlined > 200, (len(at), inlined)


def is_simulated(word):
    """What arm64's uprobes don't single-step (arch/arm64/kernel/probes/decode-insn.c): b.cond, cbz, tbz, bl, ret."""
    return word >> 24 in (0x54, 0x34, 0x35, 0xB4, 0xB5, 0x36, 0x37, 0xB6, 0xB7) or word >> 26 == 0x25 or word == 0xD65F03C0


def on_arm64(version):
    arm = {"GOARCH": "arm64"}
    # Each is a standard library to build; position-independent ones of the oldest and the newest line will do.
    for variant in (v for v in VARIANTS if "pie" not in v or version in (VERSIONS[0], VERSIONS[-1])):
        binary = go_build("tests/targets/exit42", version, *VARIANTS[variant], tag="arm64-" + variant, env=arm)
        seen = dump(binary)
        assert seen["arch"] == "arm64" and seen["source"] == "table" and "tls_g" not in seen, seen
        assert len(seen["probes"]) >= 22, len(seen["probes"])
        image = open(binary, "rb").read()
        for probe in seen["probes"].values():
            word = int.from_bytes(image[probe["file_offset"]:][:4], "little")
            assert probe["emulated"] and is_simulated(word), (version, variant, probe, hex(word))
        if "stripped" not in variant:
            names = symbols(version, binary)
            bare = dump(go_build("tests/targets/exit42", version, *VARIANTS["stripped-pie" if variant == "pie" else "stripped"],
                                 tag="arm64-stripped" + ("-pie" if variant == "pie" else ""), env=arm))
            assert seen["dwarf"] == seen["offsets"] == bare["offsets"]
            for name in DATA:
                if name == "runtime.godebugDefault" and version == "1.19":
                    continue
                assert seen["data"][name] == names[name], name
                assert name in bare["data"], (name, bare["data"])
            same_distances(bare["data"], names)


for v in VERSIONS:
    def one(v=v):
        recovered(v, "plain", "stripped")
        recovered(v, "pie", "stripped-pie")
    one.__doc__ = f"Go {v}: variables of the runtime, probes and offsets without symbols"
    case(one)

for v in VERSIONS:
    def two(v=v):
        located(v)
    two.__doc__ = f"Go {v}: file and line all over the program as go tool addr2line says"
    case(two)

for v in VERSIONS:
    def three(v=v):
        on_arm64(v)
    three.__doc__ = f"Go {v} for arm64: variables, offsets, and probes where the kernel needs no single step"
    case(three)


def settings_in_memory(version):
    """A stripped, position-independent process: what GODEBUG says stands in its memory, under the right names."""
    binary = go_build("tests/targets/yield", version, *VARIANTS["stripped-pie"], tag="stripped-pie")
    told = {"gctrace": 0, "gcshrinkstackoff": 1, "adaptivestackstart": 0, "madvdontneed": 0, "schedtrace": 0}
    env = {**os.environ, "GODEBUG": ",".join(f"{k}={v}" for k, v in told.items()), "GOGC": "77"}
    proc = start([binary, "-wait", "20s"], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    try:
        def seen():
            p = schedtop("inspect", "--json", proc.pid)
            assert p.returncode == 0, p.stderr
            return json.loads(p.stdout)
        wait_for("the runtime to start", lambda: seen()["gomaxprocs"])
        all_of_it = seen()
        rows = {g["name"]: g for g in all_of_it["godebug"]}
        for name, value in told.items():
            assert rows[name]["value"] == value and rows[name]["source"] == "environment", rows[name]
        for row in rows.values():
            assert row["exists"] == (row["value"] is not None), row
            if row["exists"] and row["name"] not in told:
                assert row["source"] in ("default", "go:debug"), row
        assert rows["containermaxprocs"]["exists"] == (version in ("1.25", "1.26"))
        assert all_of_it["runtime_env"] == {"GOMAXPROCS": None, "GOGC": "77", "GOMEMLIMIT": None}
        assert all_of_it["layout"]["verified"] is True, all_of_it["layout"]
    finally:
        stop(proc)


for v in VERSIONS:
    def four(v=v):
        settings_in_memory(v)
    four.__doc__ = f"Go {v}: GODEBUG settings in a live process without symbols"
    case(four)


@case
def another_build_of_a_version():
    """a version that the table doesn't have to the letter is read from its DWARF, else taken from its release line"""
    full = dump(go_build("tests/targets/truth", "1.22", tag="experiment", env={"GOEXPERIMENT": "arenas"}))
    assert "X:arenas" in full["version"] and full["source"] == "dwarf", (full["version"], full["source"])
    assert full["offsets"] == full["dwarf"]
    bare = dump(go_build("tests/targets/truth", "1.22", "-ldflags=-s -w", tag="experiment-stripped",
                         env={"GOEXPERIMENT": "arenas"}))
    assert bare["source"] == "table" and bare["row"].startswith("go1.22."), bare
    plain = dump(go_build("tests/targets/truth", "1.22", "-ldflags=-compressdwarf=false", tag="unpacked"))
    assert plain["dwarf"] == plain["offsets"]


@case
def who_switches_async_preemption_off():
    """only gccheckmark's statement in Go 1.25 and later assigns to asyncpreemptoff, and no kernel's version is asked for it"""
    for version in VERSIONS:
        runtime = os.path.join(os.path.dirname(os.path.dirname(os.path.realpath(go_tool(version)))), "src", "runtime")
        writes, asks = [], []
        for name in sorted(os.listdir(runtime)):
            if not name.endswith(".go") or name.endswith("_test.go"):
                continue
            text = open(os.path.join(runtime, name)).read()
            writes += [name] * len(re.findall(r"debug\.asyncpreemptoff\s*=[^=]", text))
            asks += [name] * len(re.findall(r"getKernelVersion\(\)", text))
        assert writes == (["runtime1.go"] if version in ("1.25", "1.26") else []), (version, writes)
        # The function and its one caller, which is for 32-bit systems and chooses a form of futex.
        assert asks == (["os_linux.go", "os_linux32.go"] if version == "1.26" else []), (version, asks)


run()
