#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The probes of detail exact on live programs: what they tell of holds a goroutine or a P in the state that it must be in.

The kernel's own uprobe events do the reading, so that nothing of schedtop but the places and offsets is on trial.
"""
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))
from lib import BUILD, case, go_build, run, schedtop, skip  # noqa: E402

VERSIONS = ("1.19", "1.21", "1.22", "1.23", "1.24", "1.25", "1.26")
TRACEFS = "/sys/kernel/tracing"
SCAN = 0x1000  # runtime/runtime2.go _Gscan
RUNNABLE, RUNNING, SYSCALL, WAITING = 1, 2, 3, 4

# What the subject's status is when the probe hits, and whether it is the M's current goroutine.
STATES = {
    "runnable": (WAITING, False),
    "runs": (RUNNABLE, False),
    "parks": (RUNNING, True),
    "enters a system call": (RUNNING, True),
    "blocks in a system call": (RUNNING, True),
    "leaves a system call": (SYSCALL, True),
    "back without a P": (None, True),
    "ends": (RUNNING, True),
    "created": (RUNNABLE, False),
    "GC assist begins": (RUNNING, True),
    "GC assist ends": (RUNNING, True),
}
REGISTERS = {1: "%ax", 2: "%bx", 3: "%r14", 4: "%r14"}


def fetches(name, subject, off):
    """What an event reads, in the kernel's words (Documentation/trace/uprobetracer.rst)."""
    reg = REGISTERS[subject]
    if name in ("P acquired", "P handed off"):
        return f"id=+{off['p_id']}({reg}):s32"
    if name == "P released":
        return f"id=+{off['p_id']}(+{off['m_p']}(+{off['g_m']}({reg}))):s32"
    if name == "a list runnable":
        return f"id=+{off['g_goid']}(+0({reg})):s64"  # 0 when the list is empty
    return (f"id=+{off['g_goid']}({reg}):s64 st=+{off['g_atomicstatus']}({reg}):u32 "
            f"me={reg}:u64 cur=+{off['m_curg']}(+{off['g_m']}(%r14)):u64")


def command(text):
    fd = os.open(TRACEFS + "/uprobe_events", os.O_WRONLY | os.O_APPEND)
    try:
        os.write(fd, text.encode())
    finally:
        os.close(fd)


def write(path, text):
    with open(path, "w") as f:
        f.write(text)


def hits_of(binary, *args):
    """Runs the program under the probes; {name of the probe: [what each hit read]}."""
    if os.geteuid() != 0 or not os.access(TRACEFS + "/uprobe_events", os.W_OK):
        skip("needs root and tracefs: uprobe events")
    p = subprocess.run([os.path.join(BUILD, "tests", "target", "binary_dump"), binary], capture_output=True, text=True)
    seen = json.loads(p.stdout)
    subjects = {q["vaddr"]: q["subject"] for q in seen["probes"].values()}
    probes = [q for q in json.loads(schedtop("inspect", "--json", binary).stdout)["probes"] if q["detail"] == "exact" or q["name"] == "P handed off"]
    group = f"schedtop{os.getpid()}"
    instance = f"{TRACEFS}/instances/{group}"
    placed = []
    try:
        for i, q in enumerate(probes):
            command(f"p:{group}/e{i} {binary}:0x{q['file_offset']:x} "
                    + fetches(q["name"], subjects[q["vaddr"]], seen["offsets"]) + "\n")
            placed.append(i)
        os.mkdir(instance)
        write(instance + "/buffer_size_kb", "16384")
        write(f"{instance}/events/{group}/enable", "1")
        subprocess.run([binary, *args], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL, timeout=60)
        write(f"{instance}/events/{group}/enable", "0")
        with open(instance + "/trace") as f:
            lines = f.read().splitlines()
    finally:
        if os.path.isdir(instance):
            os.rmdir(instance)
        for i in placed:
            command(f"-:{group}/e{i}\n")
    hits = {q["name"]: [] for q in probes}
    for line in lines:
        m = re.search(r" e(\d+): \(0x\w+\) (.*)", line)
        if m:
            hits[probes[int(m.group(1))]["name"]].append({k: int(v) for k, v in re.findall(r"(\w+)=(-?\d+)", m.group(2))})
    return hits


def checked(version):
    hits = hits_of(go_build("demo/gcstorm", version, tag="probes"), "-seconds", "0.7")
    for name, (status, current) in STATES.items():
        for hit in hits[name]:
            assert 0 < hit["id"] < 1 << 20, (name, hit)
            assert status is None or hit["st"] & ~SCAN == status, (name, hit)
            assert not current or hit["me"] == hit["cur"], (name, hit)
    for name in ("P acquired", "P released", "P handed off"):
        assert all(0 <= hit["id"] < 4096 for hit in hits[name]), (name, hits[name][:3])
    for name in ("runnable", "runs", "parks", "enters a system call", "leaves a system call", "created", "P acquired"):
        assert hits[name], name
    assert abs(len(hits["GC assist begins"]) - len(hits["GC assist ends"])) <= 4, "an assist each has an end"
    assert hits["GC assist begins"], "gcstorm has no assists"


for v in VERSIONS:
    def one(v=v):
        checked(v)
    one.__doc__ = f"Go {v}: goroutines and Ps at the probes of detail exact"
    case(one)


run()
