#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""A program as a distribution ships it: Debian's hugo (stripped, cgo, linked externally, thousands of goroutines).

It builds a generated site. Its own word on the collector is GODEBUG=gctrace=1: a line for each cycle that has ended.
"""
import json
import os
import re
import shutil
import subprocess
import tempfile
import threading
import time

from lib import SCHEDTOP, case, changed_text, need_tracing, note, report_of, run, skip, start, stop, wait_for

PAGES = 1000
MS = 1_000_000
# gc 13 @0.720s 9%: 0.16+96+0.13 ms clock, ...: the pause for sweep termination, marking, the pause for mark termination
GCTRACE = re.compile(r"^gc \d+ @\S+s \d+%: ([\d.]+)\+[\d.]+\+([\d.]+) ms clock", re.M)
OWN = "github.com/gohugoio/hugo/"
ENV = {"GODEBUG": "gctrace=1", "GOGC": "30"}  # a cycle every few dozen milliseconds

LAYOUT = """<html><body><h1>{{ .Title }}</h1>{{ .Content }}
{{ range .Pages }}<a href="{{ .Permalink }}">{{ .Title }}</a> {{ .Summary }}{{ end }}</body></html>
"""


def write(path, text):
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w") as f:
        f.write(text)


class Site:
    """The source of a site in a folder of its own, and hugo's command line for it."""

    def __enter__(self):
        self.hugo = shutil.which("hugo")
        if not self.hugo:
            skip("hugo isn't installed")
        self.dir = tempfile.mkdtemp(prefix="schedtop-hugo-")
        write(f"{self.dir}/config.toml", 'baseURL = "http://localhost/"\ntitle = "a site"\n')
        for kind in ("single", "list"):
            write(f"{self.dir}/layouts/_default/{kind}.html", LAYOUT)
        text = "\n\n".join(f"## Part {i}\n\n" + "Some *text* with `code` and [a link](/p/). " * 4 for i in range(12))
        for i in range(PAGES):
            head = f'title: "Post {i}"\ntags: ["a{i % 7}", "b{i % 11}"]'
            write(f"{self.dir}/content/posts/{i}.md", f"---\n{head}\n---\n{text}\n")
        self.argv = [os.path.realpath(self.hugo), "--quiet", "-s", self.dir, "-d", os.path.join(self.dir, "public")]
        return self

    def __exit__(self, *exc):
        shutil.rmtree(self.dir, ignore_errors=True)


def check_program(report):
    target, collector = report["target"], report["collector"]
    assert re.match(r"go1\.\d+", target["go_version"]), target["go_version"]
    assert target["stripped"] is True and target["linkmode"] == "external", target
    assert target["build_settings"]["CGO_ENABLED"] == "1" and "extended" in target["build_settings"]["-tags"], target
    assert target["gomaxprocs"] == len(os.sched_getaffinity(0)), target["gomaxprocs"]
    assert target["env"]["GOGC"] == ENV["GOGC"], target["env"]
    assert collector["missing"] == [] and collector["lost"] == 0, collector
    assert report["preempt"]["requests"] >= report["preempt"]["latency_ns"]["count"] > 0, report["preempt"]
    assert report["runqueue_ns"]["count"] > 0, report["runqueue_ns"]


def check_goroutines(report):
    shown = report["goroutines"]
    assert len(shown) >= 20 and all(g["func"] for g in shown), shown
    own = [g for g in shown if g["func"].startswith(OWN)]
    assert sum(g["run_ns"] for g in own) > 200 * MS, own
    assert any(g["func"] == "runtime.gcBgMarkWorker" for g in shown), shown
    for gap in report["preempt"]["worst"]:
        assert gap["func"] is None or re.match(r"[\w./()*-]+", gap["func"]), gap


def check_pauses(report, cycles_min, cycles_max):
    """A cycle has two pauses. The one that the program's end cut short has one or two, and no line."""
    stw = report["stw"]
    sweep, mark = (stw["by_reason"].get(f"GC {w} termination", 0) for w in ("sweep", "mark"))
    # One whose end came before the probe of ends was there is counted, and has no length.
    endless = stw["count"] - stw["total_ns"]["count"]
    assert stw["count"] == sum(stw["by_reason"].values()) and 0 <= endless <= (cycles_min != cycles_max), stw
    for pauses in (sweep, mark):
        assert cycles_min <= pauses <= cycles_max + 1, (stw["by_reason"], cycles_min, cycles_max)
    # Only a watcher that came in the middle of a cycle sees an end without its beginning.
    assert (0 if cycles_min == cycles_max else -1) <= sweep - mark <= 1, stw["by_reason"]


@case
def launched():
    """hugo, launched: version, settings, goroutines by name; pauses in number and length as its gctrace says"""
    need_tracing()
    with Site() as site:
        report, err = report_of("run", "--", *site.argv, env=ENV)
        traced = [(float(a), float(b)) for a, b in GCTRACE.findall(err)]
        pages = sum(len(files) for _, _, files in os.walk(os.path.join(site.dir, "public", "posts")))
    assert pages >= PAGES, f"hugo wrote {pages} pages"
    check_program(report)
    check_goroutines(report)
    assert report["async_preempt"]["enabled"] is True and report["async_preempt"]["source"] == "default"
    assert len(traced) >= 15, err[-500:]
    check_pauses(report, len(traced), len(traced))
    seen_ms, own_ms = report["stw"]["total_ns"]["mean"] * report["stw"]["count"] / MS, sum(a + b for a, b in traced)
    note(f"{len(traced)} cycles, pauses of {seen_ms:.2f} ms in all; gctrace: {own_ms:.2f} ms")
    # gctrace's figures begin a little before the stop and end after the restart; the cut cycle is in none of them.
    assert 0.5 * own_ms <= seen_ms <= 1.5 * own_ms + 1, (seen_ms, own_ms)


@case
def launched_async_off():
    """hugo with asyncpreemptoff=1: who says so, and no gap ends by a signal"""
    need_tracing()
    with Site() as site:
        report, _ = report_of("run", "--", *site.argv, env={**ENV, "GODEBUG": "gctrace=1,asyncpreemptoff=1"})
    check_program(report)
    check_goroutines(report)
    async_preempt, preempt = report["async_preempt"], report["preempt"]
    assert async_preempt["enabled"] is False and async_preempt["source"] == "environment", async_preempt
    assert preempt["taken"]["async"] == 0 and preempt["signals"] == 0 and preempt["taken"]["cooperative"] > 0, preempt


class Lines:
    """Counts the gctrace lines of a running program."""

    def __init__(self, stream):
        self.count, self.text = 0, []
        self.thread = threading.Thread(target=self.read, args=(stream,))
        self.thread.start()

    def read(self, stream):
        for line in stream:
            self.text.append(line)
            self.count += bool(GCTRACE.match(line))


@case
def attached():
    """hugo, attached to while it works: the same, and it ends as if nothing had been"""
    need_tracing()
    with Site() as site:
        t = start(site.argv, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, env={**os.environ, **ENV})
        lines, s = Lines(t.stderr), None
        try:
            wait_for("the first collections", lambda: lines.count >= 3)
            before = lines.count
            s = start([SCHEDTOP, "attach", "--batch", "--json", t.pid], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                      text=True)
            wait_for("the probes", lambda: changed_text(t.pid, site.argv[0]) > 5)
            placed = lines.count + 1  # and a line that is still in the pipe
            started = time.monotonic()
            assert t.wait(timeout=60) == 0, lines.text[-5:]
            lines.thread.join(10)
            worked = time.monotonic() - started
            out, err = s.communicate(timeout=20)
            assert s.returncode == 0, err[-1000:]
        finally:
            stop(t)
            if s:
                stop(s)
    report = json.loads(out)
    note(f"watched for {worked:.1f} s, {lines.count - placed} to {lines.count - before} of {lines.count} cycles")
    assert lines.count - placed >= 8, "too few cycles while attached to tell anything"
    check_program(report)
    check_goroutines(report)
    assert report["async_preempt"]["enabled"] is True, report["async_preempt"]
    assert any("memory" in e for e in report["async_preempt"]["evidence"]), report["async_preempt"]
    # The cycle in which the probes came may count in half.
    check_pauses(report, lines.count - placed - 1, lines.count - before)


run()
