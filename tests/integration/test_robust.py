#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Programs that are unusual: not Go, for another machine, many threads, deleted, replaced, in namespaces, gone."""
import json
import os
import shutil
import subprocess
import tempfile
import time

from lib import (SCHEDTOP, case, changed_text, go_build, need_tracing, report_of, run, schedtop, start, stop, truth,
                 wait_for)


class Folder:
    """A folder that is removed at the end."""

    def __enter__(self):
        self.dir = tempfile.mkdtemp(prefix="schedtop-robust-")
        return self.dir

    def __exit__(self, *exc):
        shutil.rmtree(self.dir, ignore_errors=True)


def not_go(report):
    assert report["target"]["go_version"] is None, report["target"]
    assert report["async_preempt"]["enabled"] is None, report["async_preempt"]
    assert "not-go" in [v["code"] for v in report["verdicts"]], report["verdicts"]
    assert report["stw"]["count"] in (0, None) and not report["goroutines"], (report["stw"], report["goroutines"])
    assert report["threads"] and report["collector"]["lost"] == 0, report["collector"]


C_PROGRAM = """
#include <stdio.h>
#include <time.h>
static volatile unsigned long sink;
int main(void)
{
	struct timespec pause = {.tv_nsec = 1000000};
	for (int i = 0; i < 100; i++) {
		for (int j = 0; j < 1000000; j++)
			sink += j;
		nanosleep(&pause, NULL);
	}
	return puts("c: done") < 0;
}
"""


@case
def c_programs():
    """a C program, linked in each way: its thread is measured, and that it isn't Go is said"""
    need_tracing()
    with Folder() as d:
        source = os.path.join(d, "c.c")
        with open(source, "w") as f:
            f.write(C_PROGRAM)
        for how in ("-pie", "-no-pie", "-static", "-static-pie"):
            binary = os.path.join(d, "c" + how)
            subprocess.run(["gcc", "-O1", "-fPIE", how, "-o", binary, source], check=True, timeout=60)
            report, out = report_of("run", "--", binary)
            assert "c: done" in out, out
            not_go(report)
            main = [t for t in report["threads"] if t["tid"] == report["target"]["pid"]]
            assert len(main) == 1 and main[0]["voluntary"] >= 100 and main[0]["run_ns"] > 10_000_000, (how, main)
            p = schedtop("inspect", "--json", binary)
            seen = json.loads(p.stdout)
            assert p.returncode == 0 and seen["go_version"] is None and seen["arch"], (how, p.returncode, seen)
            assert seen["async_preempt"]["enabled"] is None and not seen["probes"], (how, seen)


@case
def names_of_threads():
    """the main thread is called what the kernel calls it: the program, and after an exec the new one"""
    need_tracing()
    outer, inner = go_build("tests/targets/execs", "1.26"), go_build("tests/targets/truth", "1.26")
    for argv in ([inner], [outer, inner]):
        report, _ = report_of("run", "--", *argv, "-wait", "300ms", "-gc", "5")
        pid = report["target"]["pid"]
        names = [t["comm"] for t in report["threads"] if t["tid"] == pid]
        assert names == [os.path.basename(inner)[:15]], (argv, names)


@case
def script():
    """a script with an interpreter's line: watched as what it is, its status passed on"""
    need_tracing()
    with Folder() as d:
        path = os.path.join(d, "script.sh")
        with open(path, "w") as f:
            f.write("#!/bin/sh\nfor i in 1 2 3; do sleep 0.05; done\necho script: done\nexit 7\n")
        os.chmod(path, 0o755)
        report, out = report_of("run", "--", path, status=7)
        assert "script: done" in out, out
        not_go(report)
        assert report["target"]["exit_status"] == 7, report["target"]
        # A text that no kernel runs: no interpreter's line, and not executable.
        with open(path, "w") as f:
            f.write("just text\n")
        for mode in (0o755, 0o644):
            os.chmod(path, mode)
            p = schedtop("run", "--batch", "--", path)
            assert p.returncode in (1, 126), (p.returncode, p.stderr)
            assert p.stderr.startswith("schedtop: ") and path in p.stderr, p.stderr


@case
def other_architecture():
    """an arm64 binary: inspected, and refused in words when it is to be run"""
    need_tracing()
    binary = go_build("tests/targets/exit42", "1.26", tag="foreign", env={"GOARCH": "arm64"})
    p = schedtop("inspect", "--json", binary)
    assert p.returncode == 0, p.stderr
    seen = json.loads(p.stdout)
    assert seen["go_version"].startswith("go1.26") and seen["arch"] == "arm64", seen
    assert seen["build_settings"]["GOARCH"] == "arm64" and seen["async_preempt"]["enabled"] is True, seen
    p = schedtop("run", "--batch", "--", binary)
    assert p.returncode in (1, 126), (p.returncode, p.stderr)
    assert p.stderr.startswith(f"schedtop: {binary}: ") and "no program for this machine" in p.stderr, p.stderr


@case
def exec_of_another_version():
    """a Go 1.26 program that becomes a Go 1.19 one, and the other way round: the second one is what is reported"""
    need_tracing()
    for first, second in (("1.26", "1.19"), ("1.19", "1.26")):
        outer, inner = go_build("tests/targets/execs", first), go_build("tests/targets/truth", second)
        report, out = report_of("run", "--", outer, inner, "-wait", "500ms", "-gc", "20", "-goids", "4")
        own = truth(out)
        assert f"execs: go{first}" in out, out
        target = report["target"]
        assert target["go_version"] == own["go_version"] and target["exe"] == inner, (target, own)
        assert target["exit_status"] == 0, target
        # The first program's five collections are in the session, too.
        assert report["stw"]["count"] == int(own["stw_total_count"]) + 10, (report["stw"], own)
        shown = {str(g["goid"]): g["func"] for g in report["goroutines"]}
        named = dict(word.split(":", 1) for word in own["goroutines"].split(","))
        seen = [goid for goid, func in named.items() if func != "main.crowd.func1" and shown.get(goid) == func]
        assert len(seen) == 3, (shown, named)
        assert report["collector"]["missing"] == [] and report["collector"]["lost"] == 0, report["collector"]


@case
def many_threads():
    """200 threads at once: each is listed, nothing is lost"""
    need_tracing()
    binary = go_build("tests/targets/truth", "1.26")
    report, out = report_of("run", "--", binary, "-threads", "200", "-gc", "20")
    own = truth(out)
    assert own["threads"] == "200", own
    assert len(report["threads"]) >= 200, len(report["threads"])
    assert len({t["tid"] for t in report["threads"]}) == len(report["threads"])
    assert all(t["comm"] for t in report["threads"])
    assert report["collector"]["lost"] == 0, report["collector"]
    assert report["stw"]["count"] == int(own["stw_total_count"]), (report["stw"], own)


def spinning(path):
    """Starts a copy of the truth target that waits for a second and then has a gap of 200 ms."""
    return start([path, *"-wait 1500ms -gc 20 -spins 1 -spin 200ms -goids 4".split()],
                 stdout=subprocess.PIPE, text=True, env={**os.environ, "GODEBUG": "asyncpreemptoff=1"})


def attach_to(pid):
    return start([SCHEDTOP, "attach", "--batch", "--json", pid], stdout=subprocess.PIPE, stderr=subprocess.PIPE,
                 text=True)


def check_attached(report, own, version):
    assert report["target"]["go_version"].startswith("go" + version), report["target"]
    assert report["async_preempt"]["enabled"] is False, report["async_preempt"]
    assert report["stw"]["count"] == int(own["stw_total_count"]), (report["stw"], own)
    assert report["preempt"]["worst"][0]["func"] == "main.loop", report["preempt"]["worst"][0]
    assert report["preempt"]["worst"][0]["latency_ns"] > 150_000_000, report["preempt"]["worst"][0]
    named = dict(word.split(":", 1) for word in own["goroutines"].split(","))
    shown = {str(g["goid"]): g["func"] for g in report["goroutines"]}
    assert set(named) <= set(shown) and shown[own["goid_main"]] == "runtime.main", (shown, named)
    assert report["collector"]["missing"] == [] and report["collector"]["lost"] == 0, report["collector"]


def attach_through(t, version, meddle=None):
    """Attaches to a started truth target until it ends; checks what both say."""
    s = attach_to(t.pid)
    try:
        if meddle:
            meddle()
        out = t.communicate(timeout=30)[0]
        text, err = s.communicate(timeout=20)
        assert t.returncode == 0, t.returncode
        assert s.returncode == 0, (s.returncode, err)
        check_attached(json.loads(text), truth(out), version)
    finally:
        stop(s)
        stop(t)


@case
def deleted_binary():
    """the program's file is deleted, or replaced by a newer one, while it runs: attach sees what runs"""
    need_tracing()
    old, new = go_build("tests/targets/truth", "1.19"), go_build("tests/targets/truth", "1.26")
    for replaced in (False, True):
        with Folder() as d:
            path = os.path.join(d, "truth")
            shutil.copy2(old, path)
            t = spinning(path)
            time.sleep(0.2)
            os.unlink(path)
            if replaced:
                shutil.copy2(new, path)
            attach_through(t, "1.19")


@case
def deleted_while_attached():
    """the program's file is deleted while it is watched: nothing changes"""
    need_tracing()
    with Folder() as d:
        path = os.path.join(d, "truth")
        shutil.copy2(go_build("tests/targets/truth", "1.26"), path)
        t = spinning(path)
        time.sleep(0.2)

        def meddle():
            wait_for("the probes", lambda: changed_text(t.pid, path) > 5, 5)
            os.unlink(path)
        attach_through(t, "1.26", meddle)


@case
def other_namespaces():
    """a program in a mount and pid namespace of its own, on a file system that only it has"""
    need_tracing()
    binary = go_build("tests/targets/truth", "1.26")
    with Folder() as d:
        inner = os.path.join(d, "mounted")
        os.mkdir(inner)
        line = (f"mount -t tmpfs none {inner} && cp {binary} {inner}/program && "
                f"exec {inner}/program -wait 2s -gc 20 -spins 1 -spin 200ms -goids 4")
        u = start(["unshare", "--mount", "--pid", "--fork", "--kill-child", "sh", "-c", line], stdout=subprocess.PIPE,
                  text=True, env={**os.environ, "GODEBUG": "asyncpreemptoff=1"})
        s = None
        try:
            found = []

            def running():
                p = subprocess.run(["pgrep", "-P", str(u.pid)], capture_output=True, text=True)
                found[:] = [int(pid) for pid in p.stdout.split()]
                return found and os.readlink(f"/proc/{found[0]}/exe").endswith("/program")
            wait_for("the program", running)
            assert not os.path.exists(os.path.join(inner, "program")), "the file system is shared"
            s = attach_to(found[0])
            out = u.communicate(timeout=30)[0]
            text, err = s.communicate(timeout=20)
            assert u.returncode == 0 and s.returncode == 0, (u.returncode, s.returncode, err)
            report = json.loads(text)
            assert report["target"]["pid"] == found[0], (report["target"], found)
            check_attached(report, truth(out), "1.26")
        finally:
            stop(u)
            if s:
                stop(s)


@case
def attached_in_a_gap():
    """attach to a program that hangs in a loop already: the gap is pending, as long as it has been watched, and named"""
    need_tracing()
    t = start([go_build("tests/targets/truth", "1.26"), *"-spins 1 -spin 3s".split()], stdout=subprocess.DEVNULL,
              env={**os.environ, "GODEBUG": "asyncpreemptoff=1"})
    try:
        time.sleep(0.5)
        p = schedtop("attach", "--batch", "--json", "--duration", "1.2", t.pid)
        assert p.returncode == 0 and t.poll() is None, (p.returncode, p.stderr)
        report = json.loads(p.stdout)
        assert report["preempt"]["pending"] == 1, report["preempt"]
        worst = report["preempt"]["worst"][0]
        assert worst["pending"] is True and worst["func"] == "main.loop" and worst["goid"] == 1, worst
        assert 800_000_000 < worst["latency_ns"], worst
    finally:
        stop(t)


@case
def gone_at_once():
    """attach to a process that ends at that moment, or is gone: a report or a reason, never a hang"""
    need_tracing()
    binary = go_build("tests/targets/exit42", "1.26")
    ends = {0: 0, 1: 0}
    for i in range(16):
        t = start([binary], stdout=subprocess.DEVNULL)
        time.sleep(i * 0.0005)
        s = attach_to(t.pid)
        t.wait(timeout=10)
        out, err = s.communicate(timeout=15)
        assert s.returncode in (0, 1), (s.returncode, err)
        ends[s.returncode] += 1
        if s.returncode == 0:
            assert json.loads(out)["target"]["pid"] == t.pid
        else:
            assert err.startswith("schedtop: ") and str(t.pid) in err and not out, (out, err)
    p = schedtop("attach", "--batch", t.pid)
    assert p.returncode == 1 and str(t.pid) in p.stderr and p.stderr.startswith("schedtop: "), (p.returncode, p.stderr)


run()
