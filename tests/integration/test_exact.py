#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Detail exact: goroutines' running intervals against the execution trace that the program writes of itself.

schedtop's side is the developer's tool collect_dump, which with -x asks for detail exact and prints an event a line:

    collect_dump -x PID [SECONDS]

    TIME_NS g CHANGE goid=G tid=T p=P [other=G] [reason="TEXT"]
    TIME_NS preempt-taken goid=G tid=T p=P how=N
    TIME_NS switch from=T to=T
    TIME_NS lost cause=C count=N

TIME_NS is CLOCK_MONOTONIC in nanoseconds, as in the event. CHANGE is enum ev_g_change (events/event.h) in small
letters: new ready run park yield syscall syscall-exit syscall-wait handoff assist assist-end exit. P is -1 where it
isn't known, reason is wait_reason_name's and only at park; other (creator, waker) only where it is known. switch is
a context switch, by thread ids (0: idle). Lines of other kinds, and more words at the end of a line, are free.

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
SHARE = 0.99
WINDOW_NS = 50 * MS  # how far apart two looks at one moment may be, with a loss of the CPU between them
EDGE_NS = 20 * MS  # after the trace's start and before its end

LINE = re.compile(r"^(\d+) (?:g ([\w-]+)|(preempt-taken|switch|lost)) (.*)$")
WORD = re.compile(r'(\w+)=("[^"]*"|\S+)')
BEGINS = {"run", "syscall-exit"}
ENDS = {"park", "yield", "syscall", "exit", "preempt-taken"}
OTHERS = {"new", "ready", "syscall-wait", "handoff", "assist", "assist-end"}


class Dump:
    """What collect_dump -x printed: running intervals, counts by change, losses, when threads were off their CPU."""

    def __init__(self):
        self.intervals, self.counts, self.lost, self.off = [], {}, 0, {}

    def off_cpu(self, tid, a, b):
        """For how long the thread had no CPU between two moments."""
        a, b = min(a, b), max(a, b)
        spans = self.off.get(tid, [])
        at, total = max(0, bisect.bisect_left(spans, (a,)) - 1), 0
        while at < len(spans) and spans[at][0] < b:
            total += max(0, min(b, spans[at][1]) - max(a, spans[at][0]))
            at += 1
        return total


def parse_dump(lines):
    dump, running, left = Dump(), {}, {}
    for line in lines:
        m = LINE.match(line)
        if not m:
            continue
        time_ns, what, words = int(m[1]), m[2] or m[3], dict(WORD.findall(m[4]))
        if what == "lost":
            dump.lost += int(words["count"])
            continue
        if what == "switch":
            left[int(words["from"])] = time_ns
            tid = int(words["to"])
            if tid in left:
                dump.off.setdefault(tid, []).append((left.pop(tid), time_ns))
            continue
        assert what in BEGINS | ENDS | OTHERS, line
        dump.counts[what] = dump.counts.get(what, 0) + 1
        goid, tid = int(words["goid"]), int(words["tid"])
        if what in ENDS and goid in running:
            on, begin = running.pop(goid)
            assert tid in (on, 0), f"goid {goid} began on {on}: {line}"
            dump.intervals.append(Interval(goid, on, begin, time_ns, what))
        elif what in BEGINS:
            running[goid] = tid, time_ns
    return dump


def by_goroutine(intervals):
    found = {}
    for i in intervals:
        found.setdefault(i.goid, []).append(i)
    for own in found.values():
        own.sort(key=lambda i: i.start)
    return found


def close(tid, a, b, dump):
    """Two looks at one moment. In between the thread can lose its CPU: that time is known and no error."""
    return abs(a - b) <= TOLERANCE_NS or abs(a - b) - dump.off_cpu(tid, a, b) <= TOLERANCE_NS


def nearest(starts, at_ns):
    """Indices of those within WINDOW_NS, the nearest first: with thousands of them in there, the right one is among the first."""
    right = bisect.bisect_left(starts, at_ns)
    left = right - 1
    while True:
        before = at_ns - starts[left] if left >= 0 else WINDOW_NS + 1
        after = starts[right] - at_ns if right < len(starts) else WINDOW_NS + 1
        if min(before, after) > WINDOW_NS:
            return
        if before < after:
            yield left
            left -= 1
        else:
            yield right
            right += 1


def unmatched(wanted, have, dump):
    """Those of the wanted that have no counterpart: same goroutine, same thread, both ends close."""
    index = by_goroutine(have)
    starts = {goid: [i.start for i in own] for goid, own in index.items()}

    def matches(w, h):
        return h.tid == w.tid and close(w.tid, h.start, w.start, dump) and close(w.tid, h.end, w.end, dump)
    return [w for w in wanted
            if not any(matches(w, index[w.goid][at]) for at in nearest(starts.get(w.goid, []), w.start))]


def inside(intervals, own):
    lo, hi = int(own["began_ns"]) + EDGE_NS, int(own["ended_ns"]) - EDGE_NS
    return [i for i in intervals if i.start >= lo and i.end <= hi and i.end - i.start > SHORTEST_NS]


def check_share(what, wanted, have, dump):
    missing = unmatched(wanted, have, dump)
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
    dump = parse_dump(dump_text(trace.intervals))
    assert not unmatched(trace.intervals, dump.intervals, dump)
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
    dump = parse_dump(["# free text", *dump_text(whole), "5 lost cause=0 count=3", "9 thread-new tid=1"])
    assert not unmatched(whole, dump.intervals, dump) and dump.counts == {"run": 1000, "park": 1000} and dump.lost == 3
    for change in ({"start": -60 * US}, {"end": 60 * US}, {"tid": 1}, {"goid": 1}):
        changed = [Interval(i.goid, i.tid, i.start, i.end) for i in whole]
        for i in changed[::50]:
            for name, by in change.items():
                setattr(i, name, getattr(i, name) + by)
        assert len(unmatched(whole, changed, dump)) == 20, change
    slightly = [Interval(i.goid, i.tid, i.start + 40 * US, i.end - 40 * US) for i in whole]
    assert not unmatched(whole, slightly, dump)
    # A loss of the CPU explains a difference by as much as it lasted, on its thread only.
    for tid, off_us, good in ((100, 170, True), (100, 140, False), (101, 170, False)):
        late = Interval(7, 100, 0, 700 * US)
        losing = parse_dump([f"{510 * US} switch from={tid} to=9", f"{(510 + off_us) * US} switch from=9 to={tid}"])
        assert (not unmatched(whole[:1], [late], losing)) is good, (tid, off_us)
    taken = parse_dump(["10 g run goid=3 tid=9 p=1", "30 preempt-taken goid=3 tid=9 p=1 how=3",
                        "31 g yield goid=3 tid=9 p=1"]).intervals
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
        dump = parse_dump(f)
    trace = gotrace.read(trace_file(version), version)
    assert dump.lost == 0, f"{dump.lost} events lost: {err[-1000:]}"
    assert dump.off, "no context switch was printed"
    check_overlap("schedtop", dump.intervals)
    wanted, found = inside(trace.intervals, own), inside(dump.intervals, own)
    assert len(wanted) >= 1000, f"only {len(wanted)} intervals to compare: {own}"
    check_share(f"Go {version}, the trace's intervals that schedtop has", wanted, dump.intervals, dump)
    check_share(f"Go {version}, schedtop's intervals that the trace has", found, trace.intervals, dump)
    for change in ("new", "ready", "run", "park", "yield", "exit", "syscall"):
        assert dump.counts.get(change), f"no {change}: {dump.counts}"


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
