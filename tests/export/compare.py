# SPDX-License-Identifier: GPL-2.0-only
"""The three exports of one capture, and the report on it, must tell the same."""
import collections
import csv
import io
import json
import os
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "integration"))
import check_perfetto
import lib

CLASSES = {"run", "runtime", "unlabelled", "runnable", "other", "syscall", "waiting_p"}

INTERVENTION = ("at_ns", "setting", "from", "to", "by", "stuck", "repaired")


def schedtop(*args):
    p = subprocess.run([lib.SCHEDTOP, *args], stdin=subprocess.DEVNULL, capture_output=True, timeout=120)
    assert p.returncode == 0, f"{args}: {p.returncode}: {p.stderr[-500:]}"
    return p.stdout


class Exports:
    def __init__(self, capture):
        self.lines = [json.loads(line) for line in schedtop("export", "--format=json", capture).splitlines()]
        rows = csv.DictReader(io.StringIO(schedtop("export", "--format=csv", capture).decode()), strict=True)
        self.rows = list(rows)
        self.trace = check_perfetto.Trace(schedtop("export", "--format=perfetto", capture))
        self.report = json.loads(schedtop("report", "--json", capture))

    def of(self, kind):
        return [line for line in self.lines if line["kind"] == kind]


def check_json(x):
    """The JSON lines are whole and in order."""
    session, end = x.lines[0], x.lines[-1]
    assert session["kind"] == "session" and session["schema"] == "schedtop.export/1", session
    assert end["kind"] == "end", end
    assert {line["kind"] for line in x.lines[1:-1]} <= {"span", "gap", "stw", "counter", "setting"}
    for kind in ("span", "gap", "stw", "counter", "setting"):
        assert len(x.of(kind)) == end[kind + "s"], (kind, end)
    assert session["pid"] == x.report["target"]["pid"]
    last = collections.defaultdict(int)
    for s in x.of("span"):
        row = (s["row"], s["id"])
        assert last[row] <= s["start_ns"] < s["end_ns"], f"{s} after {last[row]}"
        last[row] = s["end_ns"]
        assert end["first_ns"] <= s["start_ns"] and s["end_ns"] <= end["last_ns"], s
        assert s["class"] in CLASSES, s
        own = {"cpu": "cpu", "p": "p", "m": "tid", "g": "goid"}[s["row"]]
        assert s[own] == s["id"], s
    for c in x.of("counter"):
        assert end["first_ns"] <= c["start_ns"] <= end["last_ns"], c


def check_report(x):
    """Counts and sums are the report's."""
    gaps, stws, report = x.of("gap"), x.of("stw"), x.report
    now = x.lines[-1]["last_ns"]
    length = lambda g: (g["end_ns"] or now) - g["start_ns"]
    preempt = report["preempt"]
    assert len(gaps) == preempt["requests"], (len(gaps), preempt)
    assert preempt["taken"] == {k: sum(g["taken"].replace(" ", "_") == k for g in gaps) for k in preempt["taken"]}
    assert sum(g["end_ns"] is None for g in gaps) == preempt["pending"]
    if gaps:
        total = sum(map(length, gaps))
        assert abs(total - preempt["latency_ns"]["mean"] * len(gaps)) <= len(gaps), total
        assert max(map(length, gaps)) == preempt["latency_ns"]["max"]
    assert len(stws) == report["stw"]["count"], (len(stws), report["stw"])
    assert collections.Counter(s["reason"] for s in stws) == report["stw"]["by_reason"]
    if report["stw"]["total_ns"]["count"] == len(stws) > 0:  # else the end of one was lost, and its length with it
        total = sum(map(length, stws))
        assert abs(total - report["stw"]["total_ns"]["mean"] * len(stws)) <= len(stws), total
    # Run time: what the rows show is what the totals say. Where a switch is missing, two claim the CPU at one time, and
    # its row shows one of them.
    run = collections.Counter()
    for s in x.of("span"):
        if s["row"] in ("cpu", "m") and s["class"] in ("run", "runtime", "unlabelled"):
            run[s["row"], s["id"]] += s["end_ns"] - s["start_ns"]
    for t in report["threads"]:
        assert run["m", t["tid"]] == t["run_ns"], (t, run["m", t["tid"]])
    for c in report["cpus"]:
        assert c["target_ns"] * 0.95 <= run["cpu", c["cpu"]] <= c["target_ns"], (c, run["cpu", c["cpu"]])
    assert [{**s, "at_ns": s["start_ns"] and s["start_ns"] - x.lines[-1]["first_ns"], "setting": s["name"]}[k]
            for s in x.of("setting") for k in INTERVENTION] == \
        [i[k] for i in report["interventions"] for k in INTERVENTION]
    used = [c for c in x.of("counter") if c["name"] == "cpu_pct"]
    span = x.lines[-1]["last_ns"] - used[0]["start_ns"] if used else 0
    if used and len(used) > 10:
        ends = [c["start_ns"] for c in used[1:]] + [used[0]["start_ns"] + span]
        ns = sum(c["value"] * (e - c["start_ns"]) // 100 for c, e in zip(used, ends))
        total = sum(c["target_ns"] for c in report["cpus"])
        assert abs(ns - total) < total // 5, (ns, total)


def check_csv(x):
    """The CSV says what the JSON says, line by line."""
    lines = x.lines[1:-1]
    assert len(x.rows) == len(lines), (len(x.rows), len(lines))
    for row, line in zip(x.rows, lines):
        for key, text in row.items():
            value = line.get(key)
            text = text[1:] if text[:1] == "'" and text[1:2] in tuple("=+-@") else text
            assert text == ("" if value is None else str(value)), (key, text, value)
        assert set(line) <= set(row), line


def check_perfetto_trace(x):
    """The Perfetto trace has the same spans, gaps, pauses and counters, on tracks that nest."""
    trace, end = x.trace, x.lines[-1]
    kinds = collections.Counter()
    lengths = collections.Counter()
    for s in trace.slices:
        assert end["first_ns"] <= s.begin <= s.end <= end["last_ns"], vars(s)
        category, = s.categories
        assert s.depth == 0 or category == "stw", f"{s.name} lies on another slice of {trace.track_name(s.track)}"
        if s.depth == 0:
            kinds[category] += 1
            lengths[category] += s.end - s.begin
    now = end["last_ns"]
    expected, sums = collections.Counter(), collections.Counter()
    for line in x.lines[1:-1]:
        kind = line.get("class", line["kind"])
        if kind not in ("counter", "setting"):
            expected[kind] += 1
            sums[kind] += (line["end_ns"] or now) - line["start_ns"]
    assert kinds == expected, (kinds, expected)
    assert lengths == sums, (lengths, sums)
    assert len(trace.counters) == end["counters"]
    assert sorted(v for _, _, v in trace.counters) == sorted(c["value"] for c in x.of("counter"))
    assert [(t, notes) for _, t, _, _, notes in sorted(trace.instants, key=lambda i: i[1])] == \
        [(s["start_ns"] or end["first_ns"], {k: s[k] for k in ("from", "to", "by", "stuck", "repaired") if s[k] is not None})
         for s in x.of("setting")], trace.instants
    session = x.lines[0]
    assert trace.clocks[check_perfetto.MONOTONIC] == session["start_ns"]
    assert trace.clocks[check_perfetto.REALTIME] == session["start_wall_ns"]
    groups = collections.Counter(trace.top_name(s.track) for s in trace.slices if s.depth == 0 and
                                 "gap" not in s.categories and "stw" not in s.categories)
    rows = collections.Counter(s["row"] for s in x.of("span"))
    assert groups == {"CPUs": rows["cpu"], "Ps": rows["p"], "process": rows["m"], "goroutines": rows["g"]}, (groups, rows)
    for s in trace.slices:
        if s.categories == ["gap"]:
            assert {"cause", "end", "off_cpu_ns", "signals"} <= set(s.notes), s.notes
    names = [g["func"] or "preemption gap" for g in x.of("gap")]
    assert sorted(names) == sorted(s.name for s in trace.slices if s.categories == ["gap"])


CHECKS = (check_json, check_report, check_csv, check_perfetto_trace)


def check_all(capture):
    x = Exports(capture)
    for check in CHECKS:
        check(x)
    return x
