#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The screen on a real Go program, in tmux: what a person reads, types and gets back."""
import glob
import os
import re
import signal
import time

from lib import SCHEDTOP, case, go_build, need_tracing, run, wait_for
from screen import Screen


def demo():
    need_tracing()
    return go_build("demo/tightloop", "1.26")


@case
def first_picture():
    """the first picture says what is wrong, in words and in colour"""
    binary = demo()
    with Screen() as s:
        s.command(SCHEDTOP, "run", "--", binary)
        s.wait(r"CPU ?0")
        s.wait(r"(?i)async preemption.{0,20}off", 15)
        s.wait(r"main\.crunch", 15)
        text = s.text()
        assert "tightloop" in text and "go1.26" in text, text
        assert re.search(r"LIVE", text), text
        assert re.search(r"\d+(\.\d+)? ?%", text), text
        assert "\x1b[" in s.colours()
        s.type("q")
        s.wait(r"(?m)^READY> *$")


@case
def keys():
    """keys: rows by P and M, help, pause, zoom, panels, snapshot, quit"""
    binary = demo()
    with Screen() as s:
        s.command(SCHEDTOP, "run", "--", binary)
        s.wait(r"CPU ?0")
        s.type("p")
        s.wait(r"(?m)^.{0,3}P ?0")
        s.type("m")
        s.wait(r"(?m)^.{0,3}(M ?)?\d{3,}")
        s.type("c")
        s.wait(r"CPU ?0")
        s.type("?")
        s.wait(r"(?i)help")
        s.type("Escape")
        s.type("Space")
        s.wait(r"PAUSED")
        s.type("+")
        s.type("-")
        s.type("Space")
        s.wait(r"LIVE")
        s.type("Tab")
        s.type("s")
        whole = lambda path: open(path).read().rstrip().endswith("</svg>")
        wait_for("the snapshot", lambda: any(map(whole, glob.glob(os.path.join(s.dir, "*.svg")))))
        path = glob.glob(os.path.join(s.dir, "*.svg"))[0]
        assert os.stat(path).st_mode & 0o077 == 0, oct(os.stat(path).st_mode)
        with open(path) as f:
            assert "<svg" in f.read(400)
        s.type("q")
        s.wait(r"(?m)^READY> *$")


@case
def finding():
    """/ n N f g e: what is typed is found, filtered and followed, events are walked along; Esc takes all of it back"""
    need_tracing()
    binary = demo()
    with Screen() as s:
        s.command(SCHEDTOP, "run", "--", binary)
        s.wait(r"█ main\.crunch")  # the legend: it has run
        s.type("/", "nobody", "Enter")
        s.wait(r"nothing here is called 'nobody'")
        s.type("/", "crunxx")
        s.wait(r"find: crunxx_")
        s.type("BSpace", "BSpace", "ch", "Enter")
        s.wait(r"SCROLLED +find: crunch")
        s.wait(r"(?m)^\d+\.\d+s  G\d+ \S+")  # what is under the cursor
        first = cursor(s.text())
        # It has only begun: what is next may not have been yet.
        wait_for("the next match", lambda: s.type("n") or cursor(s.text()) > first)
        second = cursor(s.text())
        # Two that are less than a column apart are one: then there is none before, and it says so.
        wait_for("an earlier match", lambda: s.type("N") or 0 < cursor(s.text()) < second or
                 re.search(r"no (further|earlier) match|the only match", s.text()))
        s.type("Escape", "Escape")
        wait_for("no search", lambda: "find:" not in s.text())
        s.type("g", "1", "Enter")
        s.wait(r"following G1 runtime\.main")
        s.type("g")
        wait_for("nobody followed", lambda: "following" not in s.text())
        s.type("v", "Left", "g")  # the first row: who ran most
        s.wait(r"following G\d+ main\.crunch")
        s.type("e")
        s.wait(r"Events in the window")
        s.wait(r"asked to yield +\S+ \S+ +G\d+ main\.crunch")
        s.type("J")
        s.wait(r"(?m)^> +\d+\.\d+s +\w")
        at = marked(s.text())
        s.type("K")
        wait_for("an earlier event", lambda: marked(s.text()) < at)
        s.type("J", "J")
        wait_for("a later event", lambda: marked(s.text()) > at or "no further event" in s.text())
        s.type("Escape", "Escape")  # the cursor, the following
        wait_for("nothing chosen", lambda: "following" not in s.text())
        s.type("f", "crunch", "Enter")
        s.wait(r"filter: crunch")
        wait_for("only what matches", lambda: (rows := re.findall(r"(?m)^G\d+ (\S+)", s.text()))
                 and all("crunch" in r for r in rows))
        s.type("f", "nobody", "Enter")
        s.wait(r"nothing matches the filter")
        s.type("f", "Enter")
        s.wait(r"(?m)^G\d+ runtime")
        wait_for("no filter", lambda: "filter" not in s.text())
        s.type("q")
        s.wait(r"(?m)^READY> *$")


def cursor(text):
    m = re.search(r"(?m)^(\d+\.\d+)s  ", text)
    return float(m[1]) if m else -1


def marked(text):
    m = re.search(r"(?m)^> +(\d+\.\d+)s", text)
    return float(m[1]) if m else -1


@case
def sizes():
    """sizes: 80x24, growing and shrinking, too small and back"""
    binary = demo()
    with Screen(80, 24) as s:
        s.command(SCHEDTOP, "run", "--", binary)
        s.wait(r"CPU ?0")
        for cols, rows in ((200, 60), (100, 30), (60, 15), (80, 24)):
            s.resize(cols, rows)
            s.wait(r"CPU ?0")
            assert all(len(line) <= cols for line in s.text().splitlines())
        s.resize(20, 5)
        s.wait(r"(?i)too small|small")
        s.resize(80, 24)
        s.wait(r"CPU ?0")
        s.type("q")
        s.wait(r"(?m)^READY> *$")


@case
def terminal_given_back():
    """the terminal is given back after q, SIGTERM, SIGSEGV and the target's end"""
    binary = demo()
    for sig in (signal.SIGTERM, signal.SIGHUP, signal.SIGSEGV):
        with Screen() as s:
            s.command(SCHEDTOP, "run", "--", binary)
            s.wait(r"CPU ?0")
            os.kill(s.pid(), sig)
            s.wait(r"(?m)^READY> *$")
            s.command("echo", "written-$((6*7))")
            s.wait(r"(?m)^written-42$")
            assert "READY> echo" in s.text(), "the terminal doesn't echo any more"


@case
def target_ends():
    """the target ends: the screen stays until q and says so"""
    need_tracing()
    binary = go_build("tests/targets/truth", "1.26")
    with Screen() as s:
        s.command(SCHEDTOP, "run", "--", binary, "-gc", "30")
        s.wait(r"ENDED", 15)
        s.type("q")
        s.wait(r"(?m)^READY> *$")


@case
def ascii_and_mono():
    """--ascii and NO_COLOR: nothing but ASCII, no colour"""
    binary = demo()
    with Screen(env="GODEBUG=asyncpreemptoff=1 LC_ALL=C NO_COLOR=1") as s:
        s.command(SCHEDTOP, "run", "--ascii", "--", binary)
        s.wait(r"CPU ?0")
        time.sleep(0.5)
        text = s.text()
        assert all(ord(c) < 128 for c in text), sorted({c for c in text if ord(c) > 127})
        assert not re.search(r"\x1b\[[0-9;]*(3[0-7]|4[0-7]|38;|48;)[0-9;]*m", s.colours())
        s.type("q")
        s.wait(r"(?m)^READY> *$")


@case
def wrong_use():
    """wrong use: an unknown theme and a TERM that can't be used are refused in words"""
    binary = demo()
    with Screen() as s:
        s.command(SCHEDTOP, "run", "--theme", "no-such-theme", "--", binary)
        s.wait(r"schedtop: .*no-such-theme")
        s.command("TERM=dumb", SCHEDTOP, "run", "--", binary)
        s.wait(r"(?s)schedtop: .*--batch")


run()
