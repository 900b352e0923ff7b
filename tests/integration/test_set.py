# SPDX-License-Identifier: GPL-2.0-only
"""The rescue: asynchronous preemption switched on in a live process. The targets hang by design: everything has a limit."""
import json
import os
import re
import struct
import subprocess
import sys
import threading
import time

from capture import Folder, replayed
from lib import SCHEDTOP, TOP, case, go_build, need_tracing, note, run, schedtop, skip, start, stop, wait_for
from screen import Screen

sys.path.append(os.path.join(TOP, "tests", "export"))
import compare

OFF = {**os.environ, "GODEBUG": "asyncpreemptoff=1"}
LIMIT_MS = 100
STRIP = "-ldflags=-s -w"


class Hung:
    """A program that stands still, and what it prints."""

    def __init__(self, binary, *args, env=OFF):
        if os.geteuid() != 0:
            skip("needs root: another process's memory is written to")
        self.proc = start([binary, *args], stdout=subprocess.PIPE, text=True, env=env)
        self.ticks = []
        self.reader = threading.Thread(target=self.read, daemon=True)
        self.reader.start()

    def read(self):
        for line in self.proc.stdout:
            self.ticks.append(int(line.split("=")[1]))

    def wait_hung(self):
        """Until nothing has been printed for 200 ms."""
        wait_for("the first line", lambda: self.ticks)
        end = time.monotonic() + 10
        while time.monotonic() < end:
            n = len(self.ticks)
            time.sleep(0.2)
            if n == len(self.ticks):
                return
        raise AssertionError("the program doesn't hang")

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        stop(self.proc)
        self.reader.join(5)


def set_off(pid, *options, timeout=20):
    return schedtop("set", *options, pid, "asyncpreemptoff=0", timeout=timeout)


def address(text):
    return int(re.search(r"variable .* at (0x[0-9a-f]+)", text)[1], 16)


def word(pid, addr):
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as f:
        f.seek(addr)
        return struct.unpack("<i", f.read(4))[0]


def poke(pid, addr, value):
    with open(f"/proc/{pid}/mem", "r+b", buffering=0) as f:
        f.seek(addr)
        f.write(struct.pack("<i", value))


def written_at(pid, addr, timeout=10):
    """Watches the variable: a moment right after it has become 0, CLOCK_MONOTONIC ns."""
    end = time.monotonic() + timeout
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as f:
        while time.monotonic() < end:
            f.seek(addr)
            if f.read(4) == b"\0\0\0\0":
                return time.monotonic_ns()
            time.sleep(0.0005)
    raise AssertionError("the variable didn't become 0")


def freed(version, *flags, tag="plain", args=()):
    binary = go_build("tests/targets/hang", version, *flags, tag=tag)
    with Hung(binary, *args) as h:
        h.wait_hung()
        asked = set_off(h.proc.pid)
        assert asked.returncode == 1 and "--yes" in asked.stderr, (asked.returncode, asked.stderr)
        addr = address(asked.stdout)
        assert word(h.proc.pid, addr) == 1 and "value     1 now; 0 will be written" in asked.stdout, asked.stdout
        before = len(h.ticks)
        seen = []
        watcher = threading.Thread(target=lambda: seen.append(written_at(h.proc.pid, addr)))
        watcher.start()
        p = set_off(h.proc.pid, "--yes")
        watcher.join(15)
        assert p.returncode == 0, p.stderr
        assert "Written and read back: asyncpreemptoff was 1, is 0" in p.stdout, p.stdout
        assert word(h.proc.pid, addr) == 0
        wait_for("the program to run again", lambda: len(h.ticks) > before + 3)
        took_ms = (h.ticks[before] - seen[0]) / 1e6
        note(f"Go {version} {tag}: ran again {took_ms:.1f} ms after the write")
        assert took_ms < LIMIT_MS, took_ms
        again = set_off(h.proc.pid)
        assert again.returncode == 0 and "on already: nothing was written" in again.stdout, (again.stdout, again.stderr)


@case
def frees_119():
    """a hung program of Go 1.19 runs again within 100 ms of the write"""
    freed("1.19")


@case
def frees_122():
    """the same of Go 1.22"""
    freed("1.22")


@case
def frees_126():
    """the same of Go 1.26"""
    freed("1.26")


@case
def frees_stripped():
    """the same of stripped programs of these three, and of a position-independent one"""
    for version in ("1.19", "1.22", "1.26"):
        freed(version, STRIP, tag="stripped")
    freed("1.26", STRIP, "-buildmode=pie", tag="stripped-pie")


def layout(version, *fields):
    """Offsets of the runtime's fields, from the committed table."""
    path = os.path.join(os.path.dirname(__file__), "..", "..", "target", "go_offsets_table.inc")
    with open(path) as f:
        rows = re.findall(r'\{(\d+), "go[^"]*".*\n\s*(\{.*\})', f.read())
    row = dict(rows)[version.split(".")[1]]
    return [int(re.search(rf"\.{f} = (\d+)", row)[1]) for f in fields]


def ms_of(binary, pid, version):
    """The Ms that have a thread: {thread id: address}. By the symbol runtime.allm."""
    nm = subprocess.run(["nm", binary], capture_output=True, text=True, timeout=30).stdout
    allm = int(re.search(r"^([0-9a-f]+) \w runtime\.allm$", nm, re.M)[1], 16)
    procid, alllink = layout(version, "m_procid", "m_alllink")
    ms = {}
    with open(f"/proc/{pid}/mem", "rb", buffering=0) as f:
        def at(addr):
            f.seek(addr)
            return struct.unpack("<Q", f.read(8))[0]
        m = at(allm)
        while m and len(ms) < 100:
            ms[at(m + procid)] = m
            m = at(m + alllink)
    return ms


def busiest_thread(pid):
    def ticks(tid):
        with open(f"/proc/{pid}/task/{tid}/stat") as f:
            return int(f.read().rsplit(")", 1)[1].split()[11])
    return max((int(t) for t in os.listdir(f"/proc/{pid}/task")), key=ticks)


def stuck_repaired(version):
    binary = go_build("tests/targets/hang", version)
    with Hung(binary) as h:
        h.wait_hung()
        pid, (pending,) = h.proc.pid, layout(version, "m_signalpending")
        ms, tid = ms_of(binary, pid, version), busiest_thread(pid)
        # Without the repair the spinning M would be sent no signal: its signalPending says that one is under way.
        poke(pid, ms[tid] + pending, 1)
        before = len(h.ticks)
        p = set_off(pid, "--yes")
        assert p.returncode == 0, (p.stdout, p.stderr)
        assert "1 thread had lost the signal; 1 repaired with one SIGURG each" in p.stdout, p.stdout
        wait_for("the program to run again", lambda: len(h.ticks) > before + 3)


@case
def repairs_stuck():
    """a thread whose signalPending stays set is found, and takes signals again after one SIGURG"""
    for version in ("1.19", "1.26"):
        stuck_repaired(version)


@case
def needs_repair():
    """the same thread isn't freed by the write alone"""
    binary = go_build("tests/targets/hang", "1.26")
    with Hung(binary) as h:
        h.wait_hung()
        pid, (pending,) = h.proc.pid, layout("1.26", "m_signalpending")
        addr = address(set_off(pid).stdout)
        poke(pid, ms_of(binary, pid, "1.26")[busiest_thread(pid)] + pending, 1)
        before = len(h.ticks)
        poke(pid, addr, 0)
        time.sleep(0.5)
        assert len(h.ticks) == before, "it ran: a stuck signalPending is not what this test takes it for"


def altered(binary, change, tag):
    with open(binary, "rb") as f:
        data = f.read()
    changed = change(data)
    assert changed != data and len(changed) == len(data)
    out = f"{binary}-{tag}"
    with open(out, "wb") as f:
        f.write(changed)
    os.chmod(out, 0o755)
    return out


def refused(binary, why):
    with Hung(binary) as h:
        wait_for("the first line", lambda: h.ticks)
        time.sleep(0.1)
        with open(f"/proc/{h.proc.pid}/environ", "rb") as f:
            assert b"asyncpreemptoff=1" in f.read()
        p = set_off(h.proc.pid, "--yes")
        assert p.returncode == 1 and re.search(why, p.stderr) and "Nothing was written" in p.stderr, \
            (p.returncode, p.stdout, p.stderr)


@case
def wrong_layout():
    """a layout that isn't what the version says is refused, and a variable that nobody reads"""
    binary = go_build("tests/targets/hang", "1.22")
    # It says that it was built by another release, whose structs are laid out otherwise.
    refused(altered(binary, lambda d: d.replace(b"go1.22.12", b"go1.26.11"), "lies"), "its layout isn't what")
    newest = go_build("tests/targets/hang", "1.26")
    refused(altered(newest, lambda d: d.replace(b"go1.26.11", b"go1.22.12"), "lies"), "layout of its Go runtime isn't what")
    # The table of settings names the variable behind the right one.
    with Hung(binary) as h:
        h.wait_hung()
        addr = address(set_off(h.proc.pid).stdout)
    wrong = altered(binary, lambda d: d.replace(struct.pack("<Q", addr), struct.pack("<Q", addr + 4)), "astray")
    refused(wrong, "no function that preempts reads")


@case
def other_values():
    """every other value and setting is refused with the reason; a wrong form is wrong use"""
    binary = go_build("tests/targets/hang", "1.26")
    with Hung(binary) as h:
        h.wait_hung()
        addr = address(set_off(h.proc.pid).stdout)
        for text, status, why in (("asyncpreemptoff=1", 1, "only 0 can be written.*never preempted again"),
                                  ("asyncpreemptoff=-1", 1, "only 0"), ("gctrace=1", 1, "only asyncpreemptoff"),
                                  ("asyncpreemptoff", 2, "no SETTING=VALUE"), ("asyncpreemptoff=x", 2, "no number"),
                                  ("asyncpreemptoff=0,gctrace=0", 2, "no number"), ("=0", 2, "no SETTING")):
            p = schedtop("set", "--yes", h.proc.pid, text, timeout=20)
            assert p.returncode == status and re.search(why, p.stderr) and p.stdout == "", (text, p.stdout, p.stderr)
        assert word(h.proc.pid, addr) == 1
    p = set_off(h.proc.pid, "--yes")
    assert p.returncode == 1 and "no such process" in p.stderr, p.stderr
    sleeper = start(["sleep", "30"])
    try:
        p = set_off(sleeper.pid, "--yes")
        assert p.returncode == 1 and "isn't a Go program" in p.stderr, p.stderr
    finally:
        stop(sleeper)


@case
def asks():
    """on a terminal it asks: no writes nothing, yes writes"""
    binary = go_build("tests/targets/hang", "1.26")
    with Hung(binary) as h, Screen() as s:
        h.wait_hung()
        s.command(SCHEDTOP, "set", h.proc.pid, "asyncpreemptoff=0")
        s.wait(r"Write it\? \[y/N\]")
        s.type("n", "Enter")
        s.wait("not confirmed: nothing was written")
        s.type("clear", "Enter")
        before = len(h.ticks)
        s.command(SCHEDTOP, "set", h.proc.pid, "asyncpreemptoff=0")
        s.wait(r"Write it\? \[y/N\]")
        assert len(h.ticks) == before
        s.type("y", "Enter")
        s.wait("Written and read back")
        wait_for("the program to run again", lambda: len(h.ticks) > before + 3)


@case
def key_and_capture():
    """key A shows the plan, asks and writes; the event is in the capture, its report, and on the replayed timeline"""
    need_tracing()
    binary = go_build("tests/targets/hang", "1.26")
    with Folder() as d, Hung(binary, "-seconds", "60") as h, Screen() as s:
        h.wait_hung()
        path = os.path.join(d, "cap")
        s.command(SCHEDTOP, "attach", "--max-overhead=0", "-o", path, h.proc.pid)
        s.wait("LIVE")
        s.wait("Asynchronous preemption is off")
        s.type("A")
        s.wait("y: write it   any other key: leave it")
        assert "1 now; 0 will be written" in s.text(), s.text()
        s.type("n")
        s.wait("nothing was written")
        before = len(h.ticks)
        s.type("A")
        s.wait("y: write it")
        assert len(h.ticks) == before
        s.type("y")
        s.wait("asynchronous preemption is on; no thread had lost")
        s.wait("asyncpreemptoff=0")
        wait_for("the program to run again", lambda: len(h.ticks) > before + 3)
        s.type("A")
        s.wait("on already: nothing is to be written")
        time.sleep(0.5)
        s.type("q")
        s.wait(r"(?m)^READY> *$")
        report = replayed(path)
        events = report["interventions"]
        assert len(events) == 1, events
        e = events[0]
        assert (e["setting"], e["from"], e["to"], e["by"], e["stuck"], e["repaired"]) == \
            ("asyncpreemptoff", 1, 0, "schedtop", 0, 0), e
        assert 0 < e["at_ns"] < report["collector"]["duration_ns"], e
        assert report["async_preempt"]["enabled"] is True, report["async_preempt"]
        assert any("schedtop wrote 0 into it" in t for t in report["async_preempt"]["evidence"])
        # What was asked before the write and ended by a signal after it: off then, on since.
        assert report["preempt"]["taken"]["async"] > 0, report["preempt"]
        compare.check_all(path)
        assert len(compare.Exports(path).of("setting")) == 1
        text = schedtop("report", path).stdout
        assert "Written into the process" in text and "from 1 to 0, by schedtop" in text, text
        frame = schedtop("snapshot", path).stdout
        assert "asyncpreemptoff=0" in frame, frame
        s.type("clear", "Enter")
        s.command(SCHEDTOP, "replay", path)
        s.wait("REPLAY")
        s.wait("asyncpreemptoff=0")
        s.type("A")
        s.wait("this is a replay")
        s.type("q")


@case
def another_schedtop():
    """set beside a recording: the recording tells that somebody wrote it; live and replayed report are the same"""
    need_tracing()
    binary = go_build("tests/targets/hang", "1.26")
    with Folder() as d, Hung(binary, "-seconds", "60") as h:
        h.wait_hung()
        path = os.path.join(d, "cap")
        live = start([SCHEDTOP, "attach", "--batch", "--json", "-o", path, "--duration", "3", h.proc.pid],
                     stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        try:
            time.sleep(1.2)
            assert set_off(h.proc.pid, "--yes").returncode == 0
            out, err = live.communicate(timeout=30)
        finally:
            stop(live)
        assert live.returncode == 0, err
        report, again = json.loads(out), replayed(path)
        assert [(e["by"], e["from"], e["to"], e["repaired"]) for e in report["interventions"]] == \
            [("other", 1, 0, None)], report["interventions"]
        assert report["interventions"] == again["interventions"]
        assert report["preempt"] == again["preempt"] and report["async_preempt"] == again["async_preempt"]


if __name__ == "__main__":
    run()
