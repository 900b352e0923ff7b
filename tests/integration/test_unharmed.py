#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The watched process is unharmed: exit status, output, no probe left behind, whatever happens to either side."""
import json
import os
import signal
import subprocess
import time

from lib import SCHEDTOP, case, changed_text, go_build, need_tracing, report_of, run, schedtop, start, stop, truth, wait_for

PROBED = ("runtime.preemptone", "runtime.stopTheWorldWithSema", "runtime.startTheWorldWithSema")


def tightloop(seconds=30):
    binary = go_build("demo/tightloop", "1.26")
    return binary, start([binary, "-seconds", seconds], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)


def children_of_us_gone(pid):
    return not os.path.exists(f"/proc/{pid}")


@case
def run_passes_status_and_output():
    """run: the target's exit status and output come through"""
    need_tracing()
    binary = go_build("tests/targets/exit42", "1.19")
    p = schedtop("run", "--batch", "--json", "--", binary)
    assert p.returncode == 42, (p.returncode, p.stderr)
    assert json.loads(p.stdout)["target"]["exit_status"] == 42
    assert schedtop("run", "--batch", "--ignore-status", "--", binary).returncode == 0


@case
def run_passes_signal():
    """run: a target that crashes is reported with its status"""
    need_tracing()
    binary = go_build("tests/targets/crash", "1.26")
    p = schedtop("run", "--batch", "--json", "--", binary)
    assert p.returncode == 2, (p.returncode, p.stderr)
    assert "panic" in p.stderr
    json.loads(p.stdout)


@case
def attach_and_detach():
    """attach, detach: probes are there while attached, gone afterwards; the process ends well"""
    need_tracing()
    binary, t = tightloop(4)
    try:
        time.sleep(0.3)
        assert changed_text(t.pid, binary) == 0
        s = start([SCHEDTOP, "attach", "--batch", "--json", "--duration", "1.5", t.pid], stdout=subprocess.PIPE, text=True)
        wait_for("the probes", lambda: changed_text(t.pid, binary) >= len(PROBED), 5)
        report = json.loads(s.communicate(timeout=20)[0])
        assert s.returncode == 0
        assert report["preempt"]["requests"] > 0, report["preempt"]
        assert report["target"]["exit_status"] is None
        assert changed_text(t.pid, binary) == 0, "probes are left behind"
        out = t.communicate(timeout=20)[0]
        assert t.returncode == 0, (t.returncode, out[-500:])
        assert int(truth(out)["ticks"]) > 0
    finally:
        stop(t)


@case
def killed_observer():
    """kill -9 of schedtop: the kernel takes the probes back, the process goes on"""
    need_tracing()
    binary, t = tightloop(5)
    try:
        time.sleep(0.3)
        s = start([SCHEDTOP, "attach", "--batch", t.pid], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        wait_for("the probes", lambda: changed_text(t.pid, binary) >= len(PROBED), 5)
        stop(s, signal.SIGKILL)
        wait_for("the probes to go", lambda: changed_text(t.pid, binary) == 0, 5)
        t.communicate(timeout=20)
        assert t.returncode == 0
    finally:
        stop(t)


@case
def killed_launcher():
    """kill -9 of schedtop run: the launched target doesn't outlive it"""
    need_tracing()
    binary = go_build("demo/tightloop", "1.26")
    s = start([SCHEDTOP, "run", "--batch", "--", binary, "-seconds", "60"], stdout=subprocess.DEVNULL,
              stderr=subprocess.DEVNULL)
    child = []

    def found():
        p = subprocess.run(["pgrep", "-P", str(s.pid)], capture_output=True, text=True)
        child[:] = p.stdout.split()
        return bool(child)
    wait_for("the target", found, 10)
    stop(s, signal.SIGKILL)
    wait_for("the target to end", lambda: children_of_us_gone(child[0]), 5)


@case
def target_dies_first():
    """the target is killed while attached: schedtop reports and ends by itself"""
    need_tracing()
    _, t = tightloop(60)
    try:
        time.sleep(0.3)
        s = start([SCHEDTOP, "attach", "--batch", "--json", t.pid], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(1.5)
        os.kill(t.pid, signal.SIGKILL)
        t.wait()
        out, err = s.communicate(timeout=10)
        assert s.returncode == 0, (s.returncode, err)
        assert json.loads(out)["collector"]["events"] > 0
    finally:
        stop(t)


@case
def signals_end_cleanly():
    """SIGINT, SIGTERM and SIGHUP: a report, the launched target ended, exit status 0 or the target's"""
    need_tracing()
    binary = go_build("demo/tightloop", "1.26")
    for sig in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        s = start([SCHEDTOP, "run", "--batch", "--json", "--ignore-status", "--", binary, "-seconds", "60"],
                  stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        time.sleep(1.5)
        os.kill(s.pid, sig)
        out, err = s.communicate(timeout=15)
        assert s.returncode == 0, (sig, s.returncode, err[-800:])
        report = json.loads(out)
        wait_for("the target to end", lambda: children_of_us_gone(report["target"]["pid"]), 5)


@case
def not_go():
    """a process that isn't Go: its threads are shown, and it is said"""
    need_tracing()
    report, _ = report_of("run", "--", "sh", "-c", "for i in 1 2 3 4 5; do sleep 0.05; done")
    assert report["target"]["go_version"] is None
    assert "not-go" in [v["code"] for v in report["verdicts"]], report["verdicts"]
    assert report["threads"] and report["collector"]["events"] > 0
    assert report["async_preempt"]["enabled"] is None


@case
def wrapper_script():
    """a shell wrapper that execs the Go program: the program is recognised"""
    need_tracing()
    binary = go_build("tests/targets/truth", "1.26")
    report, out = report_of("run", "--", "sh", "-c", f"exec {binary} -gc 600")
    assert report["target"]["go_version"].startswith("go1.26"), report["target"]
    assert report["stw"]["count"] > 0, (report["stw"], truth(out))


@case
def first_microsecond():
    """run: the first thread's life is seen from its start"""
    need_tracing()
    binary = go_build("tests/targets/exit42", "1.26")
    report, _ = report_of("run", "--ignore-status", "--", binary)
    main = [t for t in report["threads"] if t["tid"] == report["target"]["pid"]]
    assert main and main[0]["run_ns"] > 0, report["threads"]
    assert len(report["threads"]) > 1, report["threads"]


@case
def sudo_user():
    """under sudo the target runs as the invoking user"""
    need_tracing()
    p = schedtop("run", "--batch", "--json", "--", "id", "-u", env={"SUDO_UID": "65534", "SUDO_GID": "65534"})
    assert p.returncode == 0, p.stderr
    assert "65534" in p.stderr.split(), p.stderr


run()
