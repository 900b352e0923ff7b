#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Captures: what is read back is the session; streams, kills, full disks, damage, triggers, rotation."""
import json
import os
import random
import re
import shutil
import signal
import subprocess
import time
import xml.etree.ElementTree

import capfile
from capture import MS, S, OFF, VERSION, Folder, tightloop, pingpong, a_capture, playhead, replayed
from lib import SCHEDTOP, case, go_build, need_tracing, note, report_of, run, schedtop, start, stop, truth, wait_for


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
            r = start([SCHEDTOP, "record", "-o", "-", "--", binary, "-seconds", "2"], stdout=subprocess.PIPE,
                      stderr=err, env={**os.environ, **OFF})
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


def stall(argv):
    """A recording whose reader reads nothing until the target has ended: the target's ns per round."""
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
    n, dropped = recorded(err)
    note(f"{n} events, {dropped} dropped")
    assert dropped > 0, "800000 events cannot have fitted into a pipe"
    assert report["collector"]["lost_by_cause"]["capture"] == dropped, (report["collector"], err)
    # What says that events were lost is one itself, which the recorder makes.
    assert n <= report["collector"]["events"] <= n + 100, (report["collector"], err)
    assert report["target"]["exit_status"] == 0, report["target"]
    return ns_per_round(err)


@case
def stalled_reader():
    """a reader that reads nothing for seconds: the target keeps its speed, and what was dropped is counted"""
    argv = [pingpong(), "-n", "400000", "-wait", "200ms"]
    alone, watched, stalled = [], [], []
    # Others use the machine too, and what they take differs from run to run: the best runs are compared.
    for _ in range(3):
        alone.append(ns_per_round(subprocess.run(argv, capture_output=True, text=True, timeout=60).stdout))
        watched.append(ns_per_round(report_of("run", "--detail", "threads", "--", *argv)[1]))
        stalled.append(stall(argv))
        ok = min(stalled) < 1.5 * min(watched) and min(stalled) < 3 * min(alone)
        note(f"a round: {alone[-1]:.0f} ns alone, {watched[-1]:.0f} watched, {stalled[-1]:.0f} with a stalled reader")
        if ok:
            return
    raise AssertionError(f"slowed down: {alone} ns alone, {watched} watched, {stalled} with a stalled reader")


@case
def bwlimit():
    """--bwlimit: while it goes on no more than that a second is written; what is dropped is counted, here and in the report"""
    rate = 50_000
    with Folder() as d:
        path, err_path = os.path.join(d, "file"), os.path.join(d, "err")
        with open(err_path, "w") as err:
            r = start([SCHEDTOP, "record", "--max-overhead=0", "--detail", "threads", "-o", path, "--bwlimit", str(rate), "--",
                       pingpong(), "-n", "300000", "-wait", "200ms"], stderr=err)
        try:
            wait_for("the file", lambda: os.path.exists(path) and os.path.getsize(path))
            begin, first = time.monotonic(), os.path.getsize(path)
            # The figure comes when the target ends: until then the limit is in force.
            while "ns_per_round=" not in open(err_path).read():
                took, written = time.monotonic() - begin, os.path.getsize(path) - first
                assert written <= (took + 1.5) * rate, f"{written} bytes in {took:.1f} s"
                time.sleep(0.05)
            assert r.wait(timeout=30) == 0
        finally:
            stop(r)
        report = replayed(path)
        n, dropped = recorded(open(err_path).read())
    note(f"{written} bytes in {took:.1f} s, {n} events, {dropped} dropped")
    assert took > 1 and dropped > 10_000, (took, dropped)
    assert report["collector"]["lost_by_cause"]["capture"] == dropped, (report["collector"], dropped)


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
def interrupted_pipe():
    """Ctrl-C on record -o - | report -: the recording ends, and what was recorded is reported"""
    p = subprocess.Popen(["sh", "-c", f"{SCHEDTOP} record --max-overhead=0 -o - -- {tightloop()} | {SCHEDTOP} report --json -"],
                         stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True)
    time.sleep(2)
    os.killpg(p.pid, signal.SIGINT)
    out, err = p.communicate(timeout=30)
    report = json.loads(out)
    assert report["collector"]["events"] > 20 and "end is missing" not in err, (report["collector"], err)


@case
def full_disk():
    """a full disk ends the recording with a message and status 1; what was written is readable"""
    binary = pingpong()
    with Folder() as d:
        disk = os.path.join(d, "disk")
        os.mkdir(disk)
        # Only this process's view has the small disk; what is in it is looked at before it goes.
        script = (f"mount -t tmpfs -o size=1M none {disk} || exit 99; "
                  f"timeout 60 {SCHEDTOP} $0 -o {disk}/file --detail threads -- {binary} -n 600000 "
                  f">{d}/out 2>{d}/err; "
                  f"echo status=$? >{d}/status; cp {disk}/file {d}/file; "
                  f"timeout 30 {SCHEDTOP} report --json {disk}/file >{d}/report 2>{d}/damage; "
                  f"echo report=$? >>{d}/status")
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
        lost_some, uncounted = 0, []
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
            if kept + lost < all_events and "end is missing" not in err:
                uncounted.append((at, kept, lost, all_events, err))
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
        assert not uncounted, uncounted


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
            mono = frame(path, "--size", size, "--format", "ansi", "--no-color")
            assert not re.search(r"\x1b\[[0-9;]*(3[0-7]|4[0-7]|38;|48;)[0-9;]*m", mono), size
        whole = frame(path)
        assert re.search(r"(?i)async preemption.{0,20}off", whole) and "main.crunch" in whole, whole
        early, late = frame(path, "--at", "300ms"), frame(path, "--at", "2.5")
        assert len({early, late, whole}) == 3, early
        assert frame(path, "--at", "2500ms") == late
        # Of a moment, what had been until then.
        assert 0.25 < playhead(early) <= 0.3 and 2.4 < playhead(late) <= 2.5, (early, late)
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
        for size in ("120x40", "40x10", "20x6"):
            assert all(ord(c) < 128 for c in frame(path, "--size", size, "--ascii")), size


class Recorder:
    """A recording in the background: its process, and what it said by its end."""

    def __init__(self, path, *argv, env=None, **kw):
        self.err_path = os.path.join(os.path.dirname(path), "recorder.err")
        with open(self.err_path, "w") as err:
            self.proc = start([SCHEDTOP, "record", "-o", path, *argv], stdout=subprocess.DEVNULL, stderr=err,
                              env={**os.environ, **OFF, **(env or {})}, **kw)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        stop(self.proc)

    def err(self):
        with open(self.err_path) as f:
            return f.read()

    def end(self, status=0):
        self.proc.send_signal(signal.SIGTERM)
        assert self.proc.wait(timeout=15) == status, self.err()


def check_flight(path, at_ns, flight_s, gap_ms):
    """A flight recorder's file: whole, about the last seconds before it was triggered, with the gap."""
    assert capfile.ended(path), path
    found = capfile.events_of(path)
    first, last = min(b.first_ns for b in found), max(b.last_ns for b in found)
    note(f"{os.path.basename(path)}: {(last - first) / S:.2f} s, until {(at_ns - last) / MS:.0f} ms before the trigger")
    # Whole blocks of at most 0.8 s are kept, and the trigger is served within a round.
    assert (flight_s - 1) * S < last - first < (flight_s + 1.2) * S, (first, last)
    report = replayed(path)
    worst = report["preempt"]["worst"][0]
    assert worst["latency_ns"] >= gap_ms * MS and worst["func"] == "main.crunch", worst
    return last


@case
def flight_recorder():
    """the flight recorder: no file until SIGUSR1; then the last seconds, and what is running in them"""
    binary = tightloop()
    with Folder() as d:
        path = os.path.join(d, "file")
        with Recorder(path, "--flight", "2", "--", binary) as r:
            time.sleep(4)
            assert not os.path.exists(path) and r.proc.poll() is None, r.err()
            for i in range(2):
                at_ns = time.monotonic_ns()
                r.proc.send_signal(signal.SIGUSR1)
                newest = path if i == 0 else path + ".1"  # the second one moves the first
                wait_for("the file", lambda: os.path.exists(newest) and os.path.exists(path) and capfile.ended(path), 3)
                last_ns = check_flight(path, at_ns, 2, 200)
                assert abs(last_ns - at_ns) < 500 * MS, (at_ns, last_ns)
                assert os.path.exists(path + ".1") == (i == 1)
                if i == 0:
                    kept = open(path, "rb").read()
                    time.sleep(1.5)
                    assert open(path, "rb").read() == kept, "the file changed without a trigger"
            assert open(path + ".1", "rb").read() == kept
            r.end()
            assert "triggered 2 times" in r.err(), r.err()
        assert sorted(os.listdir(d)) == ["file", "file.1", "recorder.err"], os.listdir(d)


@case
def flight_triggers():
    """the flight recorder: a gap of 50 ms triggers it, a longer one than there is doesn't"""
    binary = tightloop()
    with Folder() as d:
        path = os.path.join(d, "file")
        with Recorder(path, "--flight", "2", "--trigger", "gap=50", "--keep", "2", "--", binary) as r:
            wait_for("the file", lambda: os.path.exists(path), 8)
            time.sleep(2)
            r.end()
            times = int(re.search(r"triggered (\d+) times", r.err())[1])
        assert times >= 1, r.err()
        files = [path] + [p for p in (path + ".1", path + ".2") if os.path.exists(p)]
        assert len(files) == min(times, 3), (times, os.listdir(d))
        for name in files:
            worst = replayed(name)["preempt"]["worst"][0]
            assert worst["latency_ns"] >= 50 * MS and worst["func"], (name, worst)
    with Folder() as d:
        path = os.path.join(d, "file")
        with Recorder(path, "--flight", "2", "--trigger", "gap=60000,stw=60000", "--", binary) as r:
            time.sleep(3)
            r.end()
            assert "wasn't triggered" in r.err() and "was not written" in r.err(), r.err()
        assert os.listdir(d) == ["recorder.err"], os.listdir(d)


@case
def rotation_by_size():
    """--rotate SIZE: files of that size at most, each read alone; as many old ones as --keep says, five without"""
    binary = pingpong()
    for options, kept in ((["--keep", "2"], 2), ([], 5), (["--keep", "0"], 0)):
        with Folder() as d:
            path = os.path.join(d, "file")
            p = schedtop("record", "--detail", "sched", "-o", path, "--rotate", "150K", *options, "--", binary, "-n",
                         "400000", timeout=120)
            assert p.returncode == 0, p.stderr
            files = sorted(os.listdir(d))
            assert files == ["file", *(f"file.{i}" for i in range(1, kept + 1))], (files, p.stderr)
            made = 1 + int((re.search(r"and (\d+) more files", p.stderr) or [0, 0])[1])
            assert made > kept + 1, p.stderr
            spans = []
            for i in range(kept, -1, -1):
                name = f"{path}.{i}" if i else path
                assert os.path.getsize(name) < 200_000, (name, os.path.getsize(name))
                report = replayed(name)
                assert report["target"]["exe"] == binary and report["target"]["go_version"], report["target"]
                assert report["collector"]["lost"] == 0 and report["collector"]["events"] > 1000, report["collector"]
                # What was told once, long before: the threads' names, and what the goroutines run.
                assert any(t["comm"] == os.path.basename(binary)[:15] for t in report["threads"]), report["threads"]
                found = capfile.events_of(name)
                spans += [(b.seq, b.n_events) for b in found]
            assert [seq for seq, _ in spans] == list(range(spans[0][0], spans[0][0] + len(spans))), spans
            assert all(seq > 0 for seq, _ in spans), "the oldest should be gone"


@case
def rotation_by_time():
    """--rotate TIME: each file has its seconds, and names the functions that run in them"""
    binary = tightloop()
    with Folder() as d:
        path = os.path.join(d, "file")
        p = schedtop("record", "-o", path, "--rotate", "2s", "--duration", "9", "--", binary, env=OFF)
        assert p.returncode == 0, p.stderr
        files = sorted(os.listdir(d))
        assert 4 <= len(files) <= 6, files
        end_ns = 0
        for i in range(len(files) - 1, -1, -1):
            name = f"{path}.{i}" if i else path
            found = capfile.events_of(name)
            first, last = min(b.first_ns for b in found), max(b.last_ns for b in found)
            assert capfile.ended(name) and first >= end_ns - 100 * MS, (name, first, end_ns)
            # The oldest was opened before the probes were placed, and the newest was cut short.
            middle = 0 < i < len(files) - 1
            assert last - first < 3.2 * S and (not middle or last - first > 1.5 * S), (name, first, last)
            end_ns = last
            report = replayed(name)
            ran = {g["func"] for g in report["goroutines"]}
            worst = report["preempt"]["worst"]
            if middle:
                assert worst and worst[0]["func"] == "main.crunch" and "main.cruncher" in ran, (name, worst, ran)


@case
def private():
    """a capture is its user's alone: mode 0600, also over a file that was there; under sudo it is the caller's"""
    binary = tightloop()
    nobody = 65534
    with Folder() as d:
        os.chmod(d, 0o755)
        path = os.path.join(d, "file")
        with open(path, "w") as f:
            f.write("was there")
        os.chmod(path, 0o666)
        p = subprocess.run(["sh", "-c", 'umask 0; exec "$@"', "sh", SCHEDTOP, "record", "-o", path, "--rotate", "1s",
                            "--", binary, "-seconds", "2"], capture_output=True, text=True, timeout=60)
        assert p.returncode == 0, p.stderr
        files = sorted(os.listdir(d))
        assert len(files) > 1, files
        for name in files:
            st = os.stat(os.path.join(d, name))
            assert st.st_mode & 0o7777 == 0o600 and st.st_uid == os.geteuid(), (name, oct(st.st_mode), st.st_uid)
    with Folder() as d:
        os.chown(d, nobody, nobody)
        path = os.path.join(d, "file")
        shutil.copy2(binary, os.path.join(d, "program"))
        p = schedtop("record", "-o", path, "--rotate", "1s", "--", os.path.join(d, "program"), "-seconds", "2",
                     env={"SUDO_UID": str(nobody), "SUDO_GID": str(nobody), "SUDO_USER": "nobody"})
        assert p.returncode == 0, p.stderr
        for name in ("file", "file.1"):
            st = os.stat(os.path.join(d, name))
            assert (st.st_uid, st.st_gid) == (nobody, nobody), (name, st.st_uid, st.st_gid)
            assert st.st_mode & 0o7777 == 0o600, (name, oct(st.st_mode))


@case
def no_secrets():
    """of the environment only GO variables are stored; with --redact no arguments and no folders either"""
    need_tracing()
    binary = go_build("tests/targets/truth", VERSION)
    argv = ["-wait", "123456789ns", "-spins", "2", "-spin", "100ms", "-goids", "3", "-gc", "2"]
    env = {"SECRET_TOKEN": "hunter2hunter2", "GODEBUG": "asyncpreemptoff=1", "GOCOVERDIR": "/secretfolder/cover"}
    with Folder() as d:
        folder = os.path.join(d, "secretfolder")
        os.mkdir(folder)
        program = os.path.join(folder, "program")
        shutil.copy2(binary, program)
        sources = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
        for options in ([], ["--redact"]):
            path = os.path.join(d, "file")
            p = schedtop("record", "--detail", "exact", "-o", path, *options, "--", program, *argv, env=env)
            assert p.returncode == 0, p.stderr
            report = replayed(path)
            held = capfile.contents(path).decode("latin-1") + json.dumps(report)
            assert "hunter2hunter2" not in held and "SECRET_TOKEN" not in held
            assert set(report["target"]["env"]) <= {k for k in (*os.environ, *env) if k.startswith("GO")}
            assert report["target"]["env"]["GODEBUG"] == "asyncpreemptoff=1", report["target"]
            # What is looked for is found where it may be: the search works.
            assert "main.loop" in held and "program" in held, "the functions' names are missing"
            for text in ("123456789ns", "secretfolder", sources):
                assert (text in held) == (not options), (options, text, held[max(0, held.find(text) - 200):][:400])


run()
