#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Exports of a stored capture and of generated ones, read by other means than those that wrote them."""
import csv
import io
import json
import os
import signal
import stat
import subprocess
import tempfile
import time

import compare
import check_perfetto
from lib import BUILD, SCHEDTOP, TOP, case, run

CAPTURE = os.path.join(TOP, "tests", "data", "gcstorm.cap")
STREAM = os.path.join(BUILD, "tests", "export", "export_stream")


def export(*args, **kw):
    return subprocess.run([SCHEDTOP, "export", *args], stdin=subprocess.DEVNULL, stderr=subprocess.PIPE, timeout=60, **kw)


def stream(*args, stdout=subprocess.PIPE):
    p = subprocess.run([STREAM, *map(str, args)], stdout=stdout, stderr=subprocess.PIPE, timeout=120)
    assert p.returncode == 0, p.stderr
    return p.stdout, int(p.stderr.split()[-2])


@case
def stored():
    """A stored capture: Perfetto, JSON, CSV and the report tell the same"""
    x = compare.check_all(CAPTURE)
    assert len(x.of("gap")) == 76 and len(x.of("stw")) == 31, x.lines[-1]
    assert any(c["name"] == "run_queue" for c in x.of("counter"))


@case
def piped():
    """A capture that comes through a pipe gives the same bytes as the file"""
    for name in ("perfetto", "json", "csv"):
        with open(CAPTURE, "rb") as f:
            data = f.read()
        piped = subprocess.run([SCHEDTOP, "export", f"--format={name}", "-"], input=data, capture_output=True, timeout=60)
        assert piped.returncode == 0, piped.stderr
        assert piped.stdout == compare.schedtop("export", f"--format={name}", CAPTURE), name


@case
def generated():
    """A generated session: the three formats have the same spans; tracks nest"""
    lines = [json.loads(line) for line in stream("json", 8000)[0].splitlines()]
    rows = list(csv.DictReader(io.StringIO(stream("csv", 8000)[0].decode()), strict=True))
    trace = check_perfetto.Trace(stream("perfetto", 8000)[0])
    spans = [line for line in lines if line["kind"] == "span"]
    assert len(spans) > 15000 and len(spans) == sum(r["kind"] == "span" for r in rows)
    plain = [s for s in trace.slices if s.categories[0] not in ("gap", "stw")]
    assert len(plain) == len(spans)
    assert sum(s.end - s.begin for s in plain) == sum(s["end_ns"] - s["start_ns"] for s in spans)
    assert trace.clears == 1


@case
def many_names():
    """More names than are remembered: they are told anew, and none changes its meaning"""
    trace = check_perfetto.Trace(stream("perfetto", 16000, 13000)[0])
    assert trace.clears > 1, trace.clears
    names = {s.name for s in trace.slices if s.categories == ["other"]}
    assert len(names) > 12900, len(names)


@case
def memory():
    """Memory doesn't grow with the session"""
    for name in ("perfetto", "json", "csv"):
        small, large = (stream(name, n, stdout=subprocess.DEVNULL)[1] for n in (200000, 800000))
        assert large <= small + 12, (name, small, large)  # tracks are still filling their bounded history


@case
def private_file():
    """The result is for its user alone, replaces what was there, and nothing else is left in the folder"""
    with tempfile.TemporaryDirectory() as folder:
        out = os.path.join(folder, "out.csv")
        with open(out, "w") as f:
            f.write("old")
        os.chmod(out, 0o644)
        os.symlink("out.csv", os.path.join(folder, "link"))
        p = export("--format", "csv", "-o", os.path.join(folder, "link"), CAPTURE)
        assert p.returncode == 0 and b"76 gaps" in p.stderr, p.stderr
        assert stat.S_IMODE(os.stat(out).st_mode) == 0o600
        assert sorted(os.listdir(folder)) == ["link", "out.csv"] and os.path.islink(os.path.join(folder, "link"))
        with open(out) as f:
            assert f.readline().startswith("kind,row,")


@case
def failures():
    """What can't be written is an error that says so, and leaves nothing behind"""
    with tempfile.TemporaryDirectory() as folder:
        p = export("--format=json", "-o", os.path.join(folder, "no", "out"), CAPTURE)
        assert p.returncode == 1 and b"no/out" in p.stderr, p.stderr
        p = export("--format=json", "-o", folder, CAPTURE)
        assert p.returncode == 1 and b"folder" in p.stderr, p.stderr
        p = export("--format=json", "-o", "/dev/full", CAPTURE)
        assert p.returncode == 1 and b"/dev/full: it can't be written" in p.stderr, p.stderr
        with open("/dev/full", "wb") as full:
            p = export("--format=perfetto", CAPTURE, stdout=full)
        assert p.returncode == 1 and b"standard output" in p.stderr, p.stderr
        out = os.path.join(folder, "out")
        p = export("--format=json", "-o", out, os.devnull)
        assert p.returncode == 1 and os.listdir(folder) == [], (p.stderr, os.listdir(folder))
        p = subprocess.run(["bash", "-c", f"ulimit -f 8; trap '' XFSZ; exec '{SCHEDTOP}' export --format=json -o '{out}' '{CAPTURE}'"],
                           capture_output=True, timeout=60)
        assert p.returncode == 1 and b"out: it can't be written" in p.stderr, p.stderr
        assert os.listdir(folder) == [], os.listdir(folder)


@case
def interrupted():
    """A signal in the middle leaves nothing behind"""
    with tempfile.TemporaryDirectory() as folder:
        p = subprocess.Popen([SCHEDTOP, "export", "--format=json", "-o", os.path.join(folder, "out"), "-"],
                             stdin=subprocess.PIPE, stderr=subprocess.DEVNULL)
        with open(CAPTURE, "rb") as f:
            p.stdin.write(f.read()[:8000])
        p.stdin.flush()
        deadline = time.monotonic() + 20
        while not os.listdir(folder) and time.monotonic() < deadline:
            time.sleep(0.01)
        assert os.listdir(folder), "nothing was begun"
        time.sleep(0.1)
        p.send_signal(signal.SIGTERM)
        assert p.wait(20) == -signal.SIGTERM, p.returncode
        assert os.listdir(folder) == [], os.listdir(folder)


@case
def usage():
    """Wrong use is told with the choices, and a terminal gets no binary"""
    for args in ((CAPTURE,), ("--format=pprof", CAPTURE)):
        p = export(*args, stdout=subprocess.PIPE)
        assert p.returncode == 2 and b"perfetto" in p.stderr and b"csv" in p.stderr and not p.stdout, p.stderr
    controller, terminal = os.openpty()
    try:
        p = export("--format=perfetto", CAPTURE, stdout=terminal)
        assert p.returncode == 1 and b"terminal" in p.stderr and b"-o" in p.stderr, p.stderr
    finally:
        os.close(controller)
        os.close(terminal)


run()
