#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Captures: what is read back is the session; streams, kills, full disks, damage, triggers, rotation, other hosts."""
import json
import os
import random
import re
import shutil
import signal
import subprocess
import tempfile
import threading
import time
import xml.etree.ElementTree

import capfile
from lib import SCHEDTOP, case, go_build, need_tracing, note, report_of, run, schedtop, skip, start, stop, truth, wait_for
from screen import Screen

MS, S = 1_000_000, 1_000_000_000
OFF = {"GODEBUG": "asyncpreemptoff=1"}
VERSION = "1.26"


class Folder:
    """A folder that is removed at the end."""

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="schedtop-capture-")
        return self.dir

    def __exit__(self, *exc):
        shutil.rmtree(self.dir, ignore_errors=True)


def tightloop():
    need_tracing()
    return go_build("demo/tightloop", VERSION)


def pingpong():
    """Hundreds of thousands of kernel events a second, and its own clock: ns_per_round."""
    need_tracing()
    return go_build("tests/targets/pingpong", VERSION)


def differences(a, b, path=""):
    """The paths at which two parsed reports differ."""
    if isinstance(a, dict) and isinstance(b, dict):
        for key in sorted(set(a) | set(b)):
            if key not in a or key not in b:
                yield f"{path}.{key}: only in the {'live report' if key in a else 'replay'}"
            else:
                yield from differences(a[key], b[key], f"{path}.{key}")
    elif isinstance(a, list) and isinstance(b, list) and len(a) == len(b):
        for i, (x, y) in enumerate(zip(a, b)):
            yield from differences(x, y, f"{path}[{i}]")
    elif a != b or type(a) is not type(b):
        yield f"{path}: live {a!r}, replayed {b!r}"


def replayed(path, clean=True):
    """The report of a capture; clean: of which nothing is lost."""
    p = schedtop("report", "--json", path)
    assert p.returncode == 0, (p.returncode, p.stderr)
    if clean:
        assert p.stderr == "", p.stderr
    return json.loads(p.stdout)


def same(path, live):
    found = list(differences(live, replayed(path)))
    assert not found, f"{len(found)} differences, first: " + "; ".join(found[:10])


def live_is_replay(*argv, status=0, env=None):
    with Folder() as d:
        path = os.path.join(d, "file")
        live, _ = report_of("run", "--max-overhead", "0", "-o", path, *argv, status=status, env=env)
        assert live["collector"]["events"] > 20, live["collector"]
        same(path, live)
        return live


@case
def live_and_replay():
    """the report of a capture is the live one, field by field: detail threads, sched and exact"""
    binary = tightloop()
    for level in ("threads", "sched", "exact"):
        live = live_is_replay("--detail", level, "--", binary, "-seconds", "2", env=OFF)
        assert live["collector"]["detail"] == level, live["collector"]
        if level != "threads":
            assert live["preempt"]["worst"][0]["func"] == "main.crunch" and live["goroutines"], live["preempt"]
    # Many goroutines and, beside exact, a governor that steps the detail down.
    server = go_build("demo/starve", VERSION)
    live_is_replay("--detail", "exact", "--", server, "-seconds", "2")
    with Folder() as d:
        path = os.path.join(d, "file")
        live, _ = report_of("run", "--detail", "exact", "--max-overhead", "0.01", "-o", path, "--", server,
                            "-seconds", "3")
        assert len(live["collector"]["detail_changes"]) > 1, live["collector"]
        same(path, live)


@case
def live_and_replay_ends():
    """the same where the target dies, never was Go, lives on, or runs into the session's end"""
    need_tracing()
    live = live_is_replay("--", go_build("tests/targets/crash", VERSION), status=2)
    assert live["target"]["exit_status"] == 2, live["target"]
    live = live_is_replay("--", "sh", "-c", "for i in 1 2 3 4 5 6 7 8; do sleep 0.05; done; kill -9 $$", status=137)
    assert live["target"]["exit_status"] == 137 and live["target"]["go_version"] is None, live["target"]
    live = live_is_replay("--duration", "1.3", "--", tightloop(), env=OFF)
    assert live["target"]["exit_status"] is None and live["preempt"]["requests"] > 0, (live["target"], live["preempt"])
    # A wrapper: the session is described anew at each exec.
    live = live_is_replay("--", go_build("tests/targets/execs", VERSION), go_build("tests/targets/truth", VERSION),
                          "-wait", "300ms", "-gc", "20")
    assert live["stw"]["count"] >= 40, live["stw"]
    with Folder() as d:
        path = os.path.join(d, "file")
        t = start([tightloop()], stdout=subprocess.DEVNULL, env={**os.environ, **OFF})
        try:
            time.sleep(0.5)
            p = schedtop("attach", "--json", "--duration", "1.5", "-o", path, t.pid)
            assert p.returncode == 0 and t.poll() is None, (p.returncode, p.stderr)
        finally:
            stop(t)
        same(path, json.loads(p.stdout))


def recorded(stderr):
    """(events recorded, events dropped) by the recorder's last line."""
    m = re.search(r"^schedtop: (\d+) events recorded.*?(?:; (\d+) events dropped.*)?$", stderr, re.M)
    assert m, stderr
    return int(m[1]), int(m[2] or 0)


@case
def piped():
    """record -o - | replay -: the same session at the other end, with nothing beside it in the pipe"""
    binary = tightloop()
    with Folder() as d:
        err_path = os.path.join(d, "err")
        with open(err_path, "w") as err:
            r = start([SCHEDTOP, "record", "-o", "-", "--", binary, "-seconds", "2"], stdout=subprocess.PIPE, stderr=err,
                      env={**os.environ, **OFF})
        try:
            p = subprocess.run([SCHEDTOP, "replay", "--batch", "--json", "-"], stdin=r.stdout, capture_output=True,
                               text=True, timeout=30)
            r.stdout.close()
            assert r.wait(timeout=10) == 0
        finally:
            stop(r)
        with open(err_path) as f:
            err = f.read()
    assert p.returncode == 0 and p.stderr == "", (p.returncode, p.stderr)
    report = json.loads(p.stdout)
    assert "worst_chunk_ms=" in err and "worst_chunk_ms" not in p.stdout, err
    assert recorded(err) == (report["collector"]["events"], 0), (err, report["collector"])
    assert report["target"]["exit_status"] == 0 and report["preempt"]["worst"][0]["func"] == "main.crunch"
    gap, chunk = report["preempt"]["worst"][0]["latency_ns"] / MS, float(truth(err)["worst_chunk_ms"])
    assert 200 < gap <= chunk + 2, (gap, chunk)


@case
def reader_has_gone():
    """a reader that goes ends the recording with a reason and status 1, and not the terminal's silence"""
    binary = tightloop()
    r = start([SCHEDTOP, "record", "-o", "-", "--", binary], stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    try:
        assert r.stdout.read(100)
        r.stdout.close()
        err = r.communicate(timeout=15)[1].decode()
        assert r.returncode == 1 and re.search(r"^schedtop: the capture: .*reader", err, re.M), (r.returncode, err)
    finally:
        stop(r)


def ns_per_round(text):
    return float(truth(text)["ns_per_round"])


@case
def stalled_reader():
    """a reader that reads nothing for seconds: the target keeps its speed, and what was dropped is counted"""
    argv = [pingpong(), "-n", "400000", "-wait", "200ms"]
    alone = ns_per_round(subprocess.run(argv, capture_output=True, text=True, timeout=60).stdout)
    watched = ns_per_round(report_of("run", "--detail", "threads", "--", *argv)[1])
    with Folder() as d:
        err_path, stream = os.path.join(d, "err"), os.path.join(d, "stream")
        with open(err_path, "w") as err:
            r = start([SCHEDTOP, "record", "--detail", "threads", "-o", "-", "--", *argv], stdout=subprocess.PIPE,
                      stderr=err)
        try:
            begin = time.monotonic()
            wait_for("the target's own figure", lambda: "ns_per_round=" in open(err_path).read(), 60)
            assert time.monotonic() - begin > 2, "the target was too fast for this test"
            with open(stream, "wb") as f:
                shutil.copyfileobj(r.stdout, f)
            r.stdout.close()
            assert r.wait(timeout=10) == 0
        finally:
            stop(r)
        with open(err_path) as f:
            err = f.read()
        report = replayed(stream)
    stalled = ns_per_round(err)
    n, dropped = recorded(err)
    note(f"a round: {alone:.0f} ns alone, {watched:.0f} watched, {stalled:.0f} with a stalled reader; {n} events, "
         f"{dropped} dropped")
    # The kernel's hooks cost what they cost in both; the stall must add nothing. The machine is shared: half is noise.
    assert stalled < 1.5 * watched and stalled < 3 * alone, (alone, watched, stalled)
    assert dropped > 0, "800000 events cannot have fitted into a pipe"
    assert report["collector"]["lost_by_cause"]["capture"] == dropped, (report["collector"], err)
    # What says that events were lost is one itself, which the recorder makes.
    assert n <= report["collector"]["events"] <= n + 100, (report["collector"], err)
    assert report["target"]["exit_status"] == 0, report["target"]


def group_of(pid):
    """The processes below a process, zombies aside."""
    out = subprocess.run(["ps", "-e", "-o", "pid=,ppid=,stat="], capture_output=True, text=True, timeout=10).stdout
    rows = [line.split() for line in out.splitlines()]
    return [int(p) for p, parent, stat in rows if int(parent) == pid and stat[0] != "Z"]


def alive(pid):
    try:
        with open(f"/proc/{pid}/stat") as f:
            return f.read().rsplit(")", 1)[1].split()[0] != "Z"
    except FileNotFoundError:
        return False


@case
def recorder_killed():
    """the recorder is killed with SIGKILL: what it had seen until a second before is there, and its target is gone"""
    binary = tightloop()
    for after in (2.0, 2.3, 2.6):
        with Folder() as d:
            path = os.path.join(d, "file")
            r = start([SCHEDTOP, "record", "-o", path, "--", binary], stdout=subprocess.DEVNULL,
                      stderr=subprocess.DEVNULL, env={**os.environ, **OFF})
            try:
                time.sleep(after)
                target = group_of(r.pid)
                assert len(target) == 1, target
                killed_ns = time.monotonic_ns()
                r.kill()
                r.wait(timeout=5)
                wait_for("the target's end", lambda: not alive(target[0]), 3)
            finally:
                stop(r)
            assert not capfile.ended(path)
            age_ns = killed_ns - max(b.last_ns for b in capfile.events_of(path))
            note(f"killed after {after} s: the last event is {age_ns / MS:.0f} ms old")
            assert age_ns < 1200 * MS, age_ns
            p = schedtop("report", "--json", path)
            assert p.returncode == 0 and "its end is missing" in p.stderr, (p.returncode, p.stderr)
            report = json.loads(p.stdout)
            assert report["target"]["exe"] == binary and report["target"]["exit_status"] is None, report["target"]
            assert report["preempt"]["requests"] > 0 and report["collector"]["lost"] == 0, report


@case
def full_disk():
    """a full disk ends the recording with a message and status 1; what was written is readable"""
    binary = pingpong()
    with Folder() as d:
        disk = os.path.join(d, "disk")
        os.mkdir(disk)
        # Only this process's view has the small disk; what is in it is looked at before it goes.
        script = (f"mount -t tmpfs -o size=1M none {disk} || exit 99; "
                  f"timeout 60 {SCHEDTOP} $0 -o {disk}/file --detail threads -- {binary} -n 3000000 >{d}/out 2>{d}/err; "
                  f"echo status=$? >{d}/status; cp {disk}/file {d}/file; "
                  f"timeout 30 {SCHEDTOP} report --json {disk}/file >{d}/report 2>{d}/damage; echo report=$? >>{d}/status")
        for how in ("record", "run --batch --json"):
            script_of = script.replace("$0", how)
            p = subprocess.run(["unshare", "-m", "sh", "-c", script_of], capture_output=True, text=True, timeout=120)
            assert p.returncode == 0, (p.returncode, p.stderr)
            texts = {}
            for name in ("status", "err", "report", "damage", "out"):
                with open(os.path.join(d, name)) as f:
                    texts[name] = f.read()
            assert truth(texts["status"]) == {"status": "1", "report": "0"}, (texts["status"], texts["err"])
            assert re.search(r"^schedtop: .*/file: the disk is full", texts["err"], re.M), texts["err"]
            report = json.loads(texts["report"])
            assert report["target"]["exe"] == binary and report["runqueue_ns"]["count"] > 10000, report["runqueue_ns"]
            assert os.path.getsize(os.path.join(d, "file")) > 700_000
            # That it is not all is said, also where an end mark had room.
            assert ("end is missing" in texts["damage"]) != capfile.ended(os.path.join(d, "file")), texts["damage"]
            assert re.search(r"^schedtop: .*missing", texts["damage"]), texts["damage"]
            if how != "record":  # the session goes on without the file
                assert json.loads(texts["out"])["target"]["exit_status"] == 0, texts["out"][:500]
                assert "ns_per_round=" in texts["err"], texts["err"]


def a_capture(d, *argv, env=None):
    path = os.path.join(d, "file")
    p = schedtop("record", "-o", path, *(argv or ("--", tightloop(), "-seconds", "3")), env={**OFF, **(env or {})})
    assert p.returncode == 0, p.stderr
    return path


def opened(path):
    """(report or None, stderr) of a file that may be damaged: never a crash, never an error without words."""
    p = subprocess.run([SCHEDTOP, "report", "--json", path], capture_output=True, text=True, timeout=30)
    assert p.returncode in (0, 1), (path, p.returncode, p.stderr)
    if p.returncode == 1:
        assert p.stdout == "" and p.stderr.startswith(f"schedtop: {path}: "), (p.stdout, p.stderr)
        return None, p.stderr
    return json.loads(p.stdout), p.stderr


@case
def cut_off():
    """a file that was cut off anywhere: what is whole is read, and that something is missing is said"""
    with Folder() as d:
        path = a_capture(d)
        whole = replayed(path)
        with open(path, "rb") as f:
            data = f.read()
        found = capfile.blocks(path)
        first = next(b for b in found if b.type == capfile.EVENTS)
        first_end = first.at + capfile.BLOCK_HEAD.size + len(first.stored)
        cuts = sorted({0, 1, 7, 8, 31, 32, 33, 95, 96, len(data) - 1, len(data) - 33, len(data) - 97, first_end,
                       first_end - 1, *(b.at for b in found), *(b.at + 64 for b in found),
                       *range(len(data) // 24, len(data), len(data) // 24)})
        seen = []
        for n in cuts:
            cut = os.path.join(d, "cut")
            with open(cut, "wb") as f:
                f.write(data[:n])
            report, err = opened(cut)
            if report is None:
                assert n < capfile.FILE_HEAD, (n, err)
                assert "no capture" in err, err
                continue
            assert "end is missing" in err, (n, err)
            seen.append(report["collector"]["events"] or 0)
            if n >= first_end:
                assert report["target"]["exe"] == whole["target"]["exe"], (n, report["target"])
                assert report["collector"]["events"] > 0, (n, report["collector"])
        assert seen == sorted(seen) and seen[0] == 0, seen
        # A cut in the index or the end mark loses no event.
        assert seen[-1] == whole["collector"]["events"], (seen, whole["collector"]["events"])


@case
def bits_flipped():
    """a file with any bit flipped: what is intact is read, the damage is said and what is lost is counted"""
    chance = random.Random(20240601)
    with Folder() as d:
        path = a_capture(d)
        whole = replayed(path)
        with open(path, "rb") as f:
            data = f.read()
        # Each byte of a block's head is as good as each other one; random places are mostly events.
        places = [chance.randrange(len(data)) for _ in range(60)]
        for b in capfile.blocks(path):
            places += [b.at + chance.randrange(64), b.at + 64 + chance.randrange(max(1, len(b.stored)))]
        places += [0, 3, 8, 10, 12, 20, 24, 31]
        lost_some = 0
        for at in places:
            flipped = os.path.join(d, "flipped")
            with open(flipped, "wb") as f:
                f.write(data[:at] + bytes([data[at] ^ (1 << chance.randrange(8))]) + data[at + 1:])
            report, err = opened(flipped)
            assert report is not None, (at, err)
            assert re.search(r"^schedtop: .*(damaged|missing)", err), (at, err)
            kept, all_events = report["collector"]["events"], whole["collector"]["events"]
            lost = report["collector"]["lost_by_cause"]["capture"]
            assert kept <= all_events + 500, (at, kept)  # what was known before is told again
            assert kept + lost >= all_events or "end is missing" in err, (at, kept, lost, all_events, err)
            lost_some += kept < all_events
            assert report["target"]["exe"] == whole["target"]["exe"] or "damaged" in err, (at, report["target"], err)
        assert lost_some > 10, lost_some
        # And much of it: noise in the middle.
        noisy = os.path.join(d, "noisy")
        for n in range(10):
            a, b = sorted(chance.randrange(len(data)) for _ in range(2))
            with open(noisy, "wb") as f:
                f.write(data[:a] + chance.randbytes(chance.choice((b - a, 7, 5000))) + data[b:])
            report, err = opened(noisy)
            assert err.startswith("schedtop: "), (a, b, err)


@case
def no_captures():
    """an empty file, a folder, a text, a device, no file: words and status 1, from each command that reads"""
    with Folder() as d:
        for name, text in (("empty", ""), ("text", "just text\n" * 1000), ("magic", "\x93SchedTp")):
            with open(os.path.join(d, name), "w", encoding="latin-1") as f:
                f.write(text)
        for command in (["report"], ["report", "--json"], ["replay", "--batch"], ["snapshot"]):
            for path, why in (("empty", "no capture"), ("text", "no capture"), (".", "directory"),
                              ("none", "No such file"), ("/dev/null", "no capture"), ("/dev/zero", "no capture")):
                path = os.path.join(d, path)
                p = schedtop(*command, path, timeout=20)
                assert p.returncode == 1 and p.stdout == "", (command, path, p.returncode, p.stdout)
                assert p.stderr.startswith(f"schedtop: {path}: ") and why in p.stderr, (command, path, p.stderr)
            p = schedtop(*command, os.path.join(d, "magic"), timeout=20)
            assert p.returncode in (0, 1) and p.stderr.startswith("schedtop: "), (command, p.returncode, p.stderr)


def frame(path, *options):
    p = schedtop("snapshot", *options, path)
    assert p.returncode == 0 and p.stderr == "", (options, p.returncode, p.stderr)
    return p.stdout


@case
def snapshots():
    """snapshot: text, ansi and SVG in every size; moments, windows, views; what is wrong is refused with status 2"""
    svg = "{http://www.w3.org/2000/svg}"
    with Folder() as d:
        path = a_capture(d)
        for cols, rows in ((20, 6), (40, 10), (80, 24), (120, 40), (300, 100), (1000, 7), (7, 1000)):
            size = f"{cols}x{rows}"
            lines = frame(path, "--size", size).splitlines()
            assert len(lines) <= rows and all(len(line) <= cols for line in lines), (size, len(lines))
            plain = [line.rstrip() for line in lines]
            ansi = frame(path, "--size", size, "--format", "ansi")
            assert "\x1b[" in ansi, size
            bare = [line.rstrip() for line in re.sub(r"\x1b\[[0-9;]*m", "", ansi).splitlines()]
            assert "\n".join(bare).rstrip() == "\n".join(plain).rstrip(), size
            root = xml.etree.ElementTree.fromstring(frame(path, "--size", size, "--format", "svg"))
            assert root.tag == svg + "svg", root.tag
            if cols >= 80 and rows >= 24:
                assert re.search(r"CPU ?0", "\n".join(plain)) and "tightloop" in "\n".join(plain), plain
                assert "tightloop" in "".join(root.itertext()), size
            ascii_only = frame(path, "--size", size, "--ascii")
            assert all(ord(c) < 128 for c in ascii_only), size
            mono = frame(path, "--size", size, "--format", "ansi", "--no-color")
            assert not re.search(r"\x1b\[[0-9;]*(3[0-7]|4[0-7]|38;|48;)[0-9;]*m", mono), size
        whole = frame(path)
        assert re.search(r"(?i)async preemption.{0,20}off", whole) and "main.crunch" in whole, whole
        early, late = frame(path, "--at", "300ms"), frame(path, "--at", "2.5")
        assert len({early, late, whole}) == 3, early
        assert frame(path, "--at", "2500ms") == late
        # Of a moment, what had been until then: the first gap takes 650 ms of chunk after some of calibration.
        assert "events" in early and early != frame(path, "--at", "301ms"), early
        narrow = frame(path, "--window", "100ms")
        assert narrow != whole and "window 100" in narrow, narrow
        views = {name: frame(path, "--view", name) for name in
                 ("cpus", "ps", "threads", "goroutines", "cpus,verdicts", "ps,threads")}
        assert views["cpus"] == whole and len(set(views.values())) >= 5, views.keys()
        assert re.search(r"(?m)^.{0,3}P ?0", views["ps"]), views["ps"]
        assert re.search(r"(?m)^.{0,3}(M ?)?\d{3,}", views["threads"]), views["threads"]
        for wrong in (["--size", "x"], ["--size", "0x10"], ["--size", "10"], ["--size", "100000x100"], ["--at", "-1"],
                      ["--at", "soon"], ["--window", "0"], ["--window", "x"], ["--view", "dogs"],
                      ["--view", "cpus,dogs"], ["--format", "png"], ["--theme", "no-such-theme"]):
            p = schedtop("snapshot", *wrong, path)
            assert p.returncode == 2 and p.stdout == "" and p.stderr.startswith("schedtop: "), (wrong, p)


run()
