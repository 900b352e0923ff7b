#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The static build: one file that works where there is nothing else, an empty root with only proc and sys."""
import json
import os
import re
import shlex
import shutil
import subprocess
import tempfile

import lib
from lib import BUILD, TOP, case, go_build, need_tracing, run
from screen import Screen

FOLDER = os.path.join(BUILD, "tests", "static")
STATIC = os.path.join(FOLDER, "schedtop")
VERSION = "1.26"
OFF = {"GODEBUG": "asyncpreemptoff=1"}


def build():
    """Builds it, or what has changed of it."""
    if not os.path.exists(os.path.join(FOLDER, "build.ninja")):
        shutil.rmtree(FOLDER, ignore_errors=True)
        p = subprocess.run(["meson", "setup", FOLDER, TOP, "-Dstatic=true", "-Dtests=false"], capture_output=True,
                           text=True, timeout=300)
        assert p.returncode == 0, p.stdout[-3000:] + p.stderr[-1000:]
    p = subprocess.run(["ninja", "-C", FOLDER, "schedtop"], capture_output=True, text=True, timeout=540)
    assert p.returncode == 0, p.stdout[-3000:]
    return STATIC


def static(*args, **kw):
    return subprocess.run([STATIC, *map(str, args)], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=60, **kw)


class Root:
    """An empty root folder with the static schedtop and a static Go program in it."""

    def __enter__(self):
        need_tracing()
        self.dir = tempfile.mkdtemp(prefix="schedtop-root-")
        for name in ("proc", "sys"):
            os.mkdir(os.path.join(self.dir, name))
        shutil.copy2(build(), os.path.join(self.dir, "schedtop"))
        shutil.copy2(go_build("demo/tightloop", VERSION), os.path.join(self.dir, "tightloop"))
        return self

    def __exit__(self, *exc):
        shutil.rmtree(self.dir, ignore_errors=True)

    def argv(self, *args):
        """The words that run it there; the mounts are in a namespace of their own and go with it."""
        script = (f"mount -t proc proc {self.dir}/proc && mount --rbind /sys {self.dir}/sys && "
                  f"exec chroot {self.dir} /schedtop " + shlex.join(map(str, args)))
        return ["unshare", "--mount", "sh", "-c", script]

    def run(self, *args, env=None):
        return subprocess.run(self.argv(*args), stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60,
                              env={"PATH": os.environ["PATH"], **(env or {})})


@case
def is_static():
    """the static build: no interpreter, no dynamic section, one file"""
    p = subprocess.run(["readelf", "-W", "-l", "-d", build()], capture_output=True, text=True, timeout=30,
                       env={**os.environ, "LC_ALL": "C"})
    assert p.returncode == 0 and "LOAD" in p.stdout, p.stderr
    assert "INTERP" not in p.stdout and "There is no dynamic section" in p.stdout, p.stdout
    p = subprocess.run(["ldd", STATIC], capture_output=True, text=True, timeout=30, env={**os.environ, "LC_ALL": "C"})
    assert "not a dynamic executable" in p.stdout + p.stderr, p


@case
def runs():
    """the static build: --version, and report and snapshot of a capture are what the other build says"""
    need_tracing()
    build()
    p = static("--version")
    assert p.returncode == 0 and p.stdout == lib.schedtop("--version").stdout, p
    with tempfile.TemporaryDirectory(prefix="schedtop-static-") as d:
        path = os.path.join(d, "file")
        p = lib.schedtop("record", "-o", path, "--", go_build("demo/tightloop", VERSION), "-seconds", "2", env=OFF)
        assert p.returncode == 0, p.stderr
        for command in (["report"], ["report", "--json"], ["snapshot"], ["snapshot", "--format", "svg"]):
            a, b = static(*command, path), lib.schedtop(*command, path)
            assert a.returncode == b.returncode == 0 and a.stderr == b.stderr == "", (command, a.stderr, b.stderr)
            assert a.stdout == b.stdout and len(a.stdout) > 500, (command, a.stdout[:500])


@case
def records():
    """the static build in an empty root: records a Go program, and reports what it did"""
    with Root() as root:
        p = root.run("record", "-o", "/file", "--", "/tightloop", "-seconds", "2", env=OFF)
        assert p.returncode == 0 and "worst_chunk_ms=" in p.stderr, (p.returncode, p.stderr)
        p = root.run("report", "--json", "/file")
        assert p.returncode == 0 and p.stderr == "", (p.returncode, p.stderr)
        report = json.loads(p.stdout)
        assert report["target"]["exe"] == "/tightloop" and report["target"]["exit_status"] == 0, report["target"]
        assert report["collector"]["lost"] == 0 and report["collector"]["missing"] == [], report["collector"]
        worst = report["preempt"]["worst"][0]
        assert worst["func"] == "main.crunch" and worst["latency_ns"] > 100_000_000, worst
        # What it says there is what the other build says here of the same file.
        here = lib.schedtop("report", "--json", os.path.join(root.dir, "file"))
        assert json.loads(here.stdout) == report
        p = root.run("doctor", "--json")
        assert {r["name"]: r["ok"] for r in json.loads(p.stdout)["rows"]}["bpf"], p.stdout


@case
def screen():
    """the static build in an empty root: the screen, live and of a capture, without any terminfo"""
    with Root() as root:
        p = root.run("record", "-o", "/file", "--", "/tightloop", "-seconds", "2", env=OFF)
        assert p.returncode == 0, p.stderr
        env = "GODEBUG=asyncpreemptoff=1 LC_ALL=C.UTF-8 TERM=xterm-256color"
        with Screen(env=env) as s:
            for argv, state in ((["replay", "/file"], "REPLAY 1x"),
                                (["run", "--log", "/log", "--", "/tightloop"], "LIVE")):
                assert not os.path.exists(os.path.join(root.dir, "usr")), "the root isn't empty"
                s.command("clear;", shlex.join(root.argv(*argv)))
                s.wait(r"CPU ?0")
                s.wait(state)
                s.wait(r"main\.crunch", 15)
                assert "tightloop" in s.text(), s.text()
                assert re.search(r"\x1b\[[0-9;]*38[;:]", s.colours()), "256 colours aren't used"
                s.type("q")
                s.wait(r"(?m)^READY> *$")
            s.command("clear; echo", "written-$((6*7))")
            s.wait(r"(?m)^written-42$")


run()
