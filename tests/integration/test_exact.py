#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Detail exact: goroutines' running intervals against the execution trace that the program writes of itself.

schedtop's side is the developer's tool collect_dump, which with -x asks for detail exact and prints an event a line:

    collect_dump -x PID [SECONDS]

    TIME_NS g CHANGE goid=G tid=T p=P [other=G] [reason="TEXT"]
    TIME_NS preempt-taken goid=G tid=T p=P how=N
    TIME_NS lost cause=C count=N

TIME_NS is CLOCK_MONOTONIC in nanoseconds, as in the event. CHANGE is enum ev_g_change (events/event.h) in small
letters: new ready run park yield syscall syscall-exit syscall-wait handoff assist assist-end exit. P is -1 where it
isn't known, reason is wait_reason_name's and only at park; other (creator, waker) only where it is known. Lines of
other kinds, and more words at the end of a line, are free.

A goroutine runs from "run" or "syscall-exit" to "park", "yield", "syscall", "exit" or "preempt-taken".
"""
import bisect
import os
import re
import subprocess
import time

import gotrace
from gotrace import Interval
from lib import BUILD, OUT, case, changed_text, go_build, need_tracing, note, run, start, stop, truth, wait_for

VERSIONS = ("1.22", "1.23", "1.24", "1.25", "1.26")
DUMP = os.path.join(BUILD, "tests", "collectors", "collect_dump")

US, MS = 1000, 1_000_000
SHORTEST_NS = 20 * US  # shorter ones aren't compared: a probe's own cost is part of them
TOLERANCE_NS = 50 * US
SHARE = 0.99  # the rest: a thread can lose its CPU between the runtime's look at the clock and the probe
EDGE_NS = 20 * MS  # after the trace's start and before its end

LINE = re.compile(r"^(\d+) (?:g ([\w-]+)|(preempt-taken|lost)) (.*)$")
WORD = re.compile(r'(\w+)=("[^"]*"|\S+)')
BEGINS = {"run", "syscall-exit"}
ENDS = {"park", "yield", "syscall", "exit", "preempt-taken"}
OTHERS = {"new", "ready", "syscall-wait", "handoff", "assist", "assist-end"}


def parse_dump(lines):
    """(running intervals, counts by change, lost events) of what collect_dump -x printed."""
    intervals, counts, running, lost = [], {}, {}, 0
    for line in lines:
        m = LINE.match(line)
        if not m:
            continue
        time_ns, what, words = int(m[1]), m[2] or m[3], dict(WORD.findall(m[4]))
        if what == "lost":
            lost += int(words["count"])
            continue
        assert what in BEGINS | ENDS | OTHERS, line
        counts[what] = counts.get(what, 0) + 1
        goid, tid = int(words["goid"]), int(words["tid"])
        if what in ENDS and goid in running:
            on, begin = running.pop(goid)
            assert on == tid or tid == 0, f"goid {goid} began on {on}: {line}"
            intervals.append(Interval(goid, on, begin, time_ns, what))
        elif what in BEGINS:
            running[goid] = tid, time_ns
    return intervals, counts, lost


def by_goroutine(intervals):
    found = {}
    for i in intervals:
        found.setdefault(i.goid, []).append(i)
    for own in found.values():
        own.sort(key=lambda i: i.start)
    return found


def unmatched(wanted, have):
    """Those of the wanted that have no counterpart: same goroutine, same thread, both ends within the tolerance."""
    index = by_goroutine(have)
    starts = {goid: [i.start for i in own] for goid, own in index.items()}
    missing = []
    for w in wanted:
        own = index.get(w.goid, [])
        at = bisect.bisect_left(starts.get(w.goid, []), w.start - TOLERANCE_NS)
        while at < len(own) and own[at].start <= w.start + TOLERANCE_NS:
            if abs(own[at].end - w.end) <= TOLERANCE_NS and own[at].tid == w.tid:
                break
            at += 1
        else:
            missing.append(w)
    return missing


def inside(intervals, own):
    lo, hi = int(own["began_ns"]) + EDGE_NS, int(own["ended_ns"]) - EDGE_NS
    return [i for i in intervals if i.start >= lo and i.end <= hi and i.end - i.start > SHORTEST_NS]


def check_share(what, wanted, have):
    missing = unmatched(wanted, have)
    share = 1 - len(missing) / len(wanted)
    note(f"{what}: {share:.2%} of {len(wanted)} intervals")
    near = by_goroutine(have)
    examples = [f"{m}, near it {sorted(near.get(m.goid, []), key=lambda i, m=m: abs(i.start - m.start))[:2]}"
                for m in missing[:5]]
    assert share >= SHARE, f"{what}: only {share:.2%} of {len(wanted)}; such as: " + "; ".join(examples)


def trace_file(version):
    return os.path.join(OUT, f"exacttrace-{version}.trace")


def traced(version):
    """A run without schedtop: (the trace, what the program counted)."""
    binary = go_build("tests/targets/exacttrace", version)
    p = subprocess.run([binary, "-trace", trace_file(version), "-seconds", "0.7"], stdin=subprocess.DEVNULL,
                       capture_output=True, text=True, timeout=60)
    assert p.returncode == 0, p.stderr[-1000:]
    return gotrace.read(trace_file(version), version), truth(p.stdout)


def check_overlap(what, intervals):
    """A thread runs one goroutine at a time."""
    threads = {}
    for i in intervals:
        threads.setdefault(i.tid, []).append(i)
    for own in threads.values():
        own.sort(key=lambda i: i.start)
        for a, b in zip(own, own[1:]):
            assert a.end <= b.start, f"{what}: {a} overlaps {b}"


def check_marks(trace, own):
    """The trace agrees with the goroutine that noted when it computed: clock, unit and goroutine are right."""
    index = by_goroutine(trace.intervals)[int(own["goid_marker"])]
    marks = [[int(x) for x in word.split("-")] for word in own["marks"].split(",")]
    good = 0
    for begin, end in marks:
        first = [i for i in index if i.start <= begin + gotrace.STEP_NS and i.end > begin]
        last = [i for i in index if i.start < end and i.end >= end - gotrace.STEP_NS]
        good += bool(first and last and begin - first[0].start < 100 * US and last[0].end - end < 100 * US)
    assert len(marks) >= 10 and good >= 0.9 * len(marks), f"{good} of {len(marks)} bursts are in the trace"


def parser_agrees(version):
    trace, own = traced(version)
    began, ended = int(own["began_ns"]), int(own["ended_ns"])
    started = [goid for goid, func in trace.func.items() if func == "main.start.func1"]
    assert len(started) == int(own["created"]), (len(started), own["created"])
    assert all(began <= trace.created[goid] <= ended for goid in started)
    check_overlap("trace", trace.intervals)
    check_marks(trace, own)
    assert not unmatched(trace.intervals, parse_dump(dump_text(trace.intervals))[0])
    ran = sum(i.end - i.start for i in trace.intervals)
    assert ran <= int(own["gomaxprocs"]) * (ended - began + 100 * MS), (ran, own)


def dump_text(intervals):
    """What collect_dump -x would print of these, changes at one moment in the order in which they happen."""
    events = []
    for i in intervals:
        end = {"Waiting": "park", "Runnable": "yield", "Syscall": "syscall", "NotExist": "exit"}[i.why]
        events.append((i.start, 1, f"{i.start} g run goid={i.goid} tid={i.tid} p=0"))
        events.append((i.end, 0, f'{i.end} g {end} goid={i.goid} tid={i.tid} p=0 reason="chan receive"'))
    return [line for _, _, line in sorted(events)]


@case
def comparison():
    """the comparison itself: finds what agrees, and misses a shifted end, another thread and another goroutine"""
    whole = [Interval(7, 100, t * MS, t * MS + 500 * US, "Waiting") for t in range(1000)]
    have, counts, lost = parse_dump(["# free text", *dump_text(whole), "5 lost cause=0 count=3", "9 switch goid 1"])
    assert not unmatched(whole, have) and counts == {"run": 1000, "park": 1000} and lost == 3, (counts, lost)
    for change in ({"start": -60 * US}, {"end": 60 * US}, {"tid": 1}, {"goid": 1}):
        changed = [Interval(i.goid, i.tid, i.start, i.end) for i in whole]
        for i in changed[::50]:
            for name, by in change.items():
                setattr(i, name, getattr(i, name) + by)
        assert len(unmatched(whole, changed)) == 20, change
    slightly = [Interval(i.goid, i.tid, i.start + 40 * US, i.end - 40 * US) for i in whole]
    assert not unmatched(whole, slightly)
    taken, _, _ = parse_dump(["10 g run goid=3 tid=9 p=1", "30 preempt-taken goid=3 tid=9 p=1 how=3",
                              "31 g yield goid=3 tid=9 p=1"])
    assert len(taken) == 1 and taken[0].end == 30, taken


@case
def trace_forms():
    """the parser of go tool trace: the forms of Go 1.22 and 1.26"""
    old = ['M=7 P=1 G=1 StateTransition Time=640 Resource=Goroutine(20) Reason="" GoID=20 NotExist->Runnable',
           "TransitionStack=", "\tmain.f @ 0x498bc0", "\t\t/f.go:128", "", "Stack=", "\tmain.main @ 0x498b0f", "",
           'M=7 P=1 G=-1 StateTransition Time=1280 Resource=Goroutine(20) Reason="" GoID=20 Runnable->Running',
           'M=7 P=1 G=20 StateTransition Time=1920 Resource=Goroutine(20) Reason="" GoID=20 Running->Running',
           'M=7 P=1 G=20 StateTransition Time=6400 Resource=Goroutine(20) Reason="chan send" GoID=20 Running->Waiting']
    new = [re.sub(r"Resource=\S+ (Reason=\"[^\"]*\") (.*)", r"\2 \1", line) for line in old]
    for lines in (old, new):
        trace = gotrace.parse(lines)
        assert trace.created == {20: 640} and trace.func == {20: "main.f"}, (trace.created, trace.func)
        assert [(i.goid, i.tid, i.start, i.end, i.why) for i in trace.intervals] == [(20, 7, 1280, 6400, "Waiting")]
    assert not gotrace.parse(["M=7 P=1 G=-1 StateTransition Time=64 GoID=1 Undetermined->Running Reason=\"\"",
                              "M=7 P=1 G=1 StateTransition Time=128 GoID=1 Running->Waiting Reason=\"sleep\""]).intervals


def watched(version):
    need_tracing()
    binary = go_build("tests/targets/exacttrace", version)
    dumped = os.path.join(OUT, f"exacttrace-{version}.dump")
    t = start([binary, "-ask", "-trace", trace_file(version), "-seconds", "1.5"], stdin=subprocess.PIPE,
              stdout=subprocess.PIPE, text=True)
    d = None
    try:
        assert t.stdout.readline() == "exacttrace: waiting\n"
        with open(dumped, "w") as f:
            d = start([DUMP, "-x", t.pid, "30"], stdout=f, stderr=subprocess.PIPE, text=True)
        placed = []

        def steady():
            assert d.poll() is None, f"collect_dump ended with {d.returncode}: {d.stderr.read()[-1000:]}"
            placed.append(changed_text(t.pid, binary))
            time.sleep(0.1)
            return placed[-1] > 8 and placed[-3:] == [placed[-1]] * 3
        wait_for("the probes", steady, 10)
        t.stdin.write("begin\n")
        t.stdin.flush()
        own = {}
        for line in t.stdout:  # gomaxprocs and the version come last
            own.update(truth(line))
            if "go_version" in own:
                break
        t.stdin.close()
        t.wait(timeout=20)
        assert t.returncode == 0, t.returncode
        err = d.communicate(timeout=20)[1]
        assert d.returncode == 0, err[-1000:]
    finally:
        stop(t)
        if d:
            stop(d)
    with open(dumped) as f:
        have, counts, lost = parse_dump(f)
    trace = gotrace.read(trace_file(version), version)
    assert lost == 0, f"{lost} events lost: {err[-1000:]}"
    check_overlap("schedtop", have)
    wanted, found = inside(trace.intervals, own), inside(have, own)
    assert len(wanted) >= 1000, f"only {len(wanted)} intervals to compare: {own}"
    check_share(f"Go {version}, the trace's intervals that schedtop has", wanted, have)
    check_share(f"Go {version}, schedtop's intervals that the trace has", found, trace.intervals)
    for change in ("new", "ready", "run", "park", "yield", "exit", "syscall"):
        assert counts.get(change), f"no {change}: {counts}"


for v in VERSIONS:
    def one(v=v):
        parser_agrees(v)
    one.__doc__ = f"Go {v}: the parsed trace agrees with what the program counted"
    one.__name__ = f"parser-{v}"
    case(one)

for v in VERSIONS:
    def two(v=v):
        watched(v)
    two.__doc__ = f"Go {v}, detail exact: at least 99 % of the running intervals agree with the program's own trace"
    two.__name__ = f"exact-{v}"
    case(two)

run()
