#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""The last resort: /proc and looks into the target's memory, as a user who may do nothing else."""
import json
import os
import shutil
import subprocess
import sys
import tempfile

from lib import BUILD, SCHEDTOP, case, go_build, note, run, skip, start, stop

UNPRIVILEGED = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "--bounding-set=-all", "--inh-caps=-all"]
OFF = {"GODEBUG": "asyncpreemptoff=1"}
OPEN = tempfile.TemporaryDirectory(prefix="schedtop-sampler-")
os.chmod(OPEN.name, 0o755)

# Runs a command behind a filter as containers have it: neither perf_event_open() nor bpf().
SANDBOX = """
import ctypes, os, sys
s = ctypes.CDLL("libseccomp.so.2")
s.seccomp_init.restype = ctypes.c_void_p
s.seccomp_init.argtypes = [ctypes.c_uint32]
s.seccomp_rule_add.argtypes = [ctypes.c_void_p, ctypes.c_uint32, ctypes.c_int, ctypes.c_uint]
s.seccomp_load.argtypes = [ctypes.c_void_p]
f = s.seccomp_init(0x7fff0000)  # SCMP_ACT_ALLOW
for name in (b"perf_event_open", b"bpf"):
    if s.seccomp_rule_add(f, 0x00050000 | 1, s.seccomp_syscall_resolve_name(name), 0) != 0:  # SCMP_ACT_ERRNO(EPERM)
        sys.exit("no rule")
if s.seccomp_load(f) != 0:
    sys.exit("no filter")
os.execv(sys.argv[1], sys.argv[1:])
"""


def for_all(path):
    """A copy of a program where every user can reach it: the build folder need not be open to them."""
    copy = os.path.join(OPEN.name, os.path.basename(os.path.dirname(path)) + "-" + os.path.basename(path))
    if not os.path.exists(copy):
        shutil.copy(path, copy)
        os.chmod(copy, 0o755)
    return copy


def as_nobody(*args, env=None, timeout=60, status=0, prefix=()):
    user = UNPRIVILEGED if os.geteuid() == 0 else []
    args = [for_all(a) if str(a).startswith(BUILD) and os.path.isfile(a) else str(a) for a in args]
    p = subprocess.run([*user, *prefix, for_all(SCHEDTOP), *args], stdin=subprocess.DEVNULL, capture_output=True,
                       text=True, timeout=timeout, env={**os.environ, **(env or {})}, cwd="/")
    assert p.returncode == status, f"exit status {p.returncode}: {p.stderr[-2000:]}"
    return p


def as_root_report(capture):
    p = subprocess.run([SCHEDTOP, "report", "--json", capture], capture_output=True, text=True, timeout=60)
    assert p.returncode == 0, p.stderr
    return p.stdout


def check_gaps(report):
    preempt, stw = report["preempt"], report["stw"]
    assert report["collector"]["name"] == "proc"
    for part in (preempt, stw):
        assert part["estimated"] is True, part
        assert part["resolution_ns"] >= 10_000_000, part
    assert preempt["taken"]["async"] is None and preempt["signals"] is None
    assert preempt["requests"] >= 1, preempt
    assert report["async_preempt"]["enabled"] is False
    assert report["async_preempt"]["source"] == "environment"
    assert not any("SIGURG" in e for e in report["async_preempt"]["evidence"]), report["async_preempt"]
    worst = preempt["worst"][0]
    assert worst["func"].startswith("main.crunch"), worst
    assert worst["latency_ns"] > 150_000_000, worst
    assert any(v["code"] == "async-preempt-off" for v in report["verdicts"])


def gaps_seen(version):
    binary = go_build("demo/tightloop", version)
    p = as_nobody("run", "--collector=proc", "--batch", "--json", "--", binary, "--seconds", "2", "--chunk", "400ms",
                  env=OFF)
    report = json.loads(p.stdout)
    check_gaps(report)
    run_ns = sum(t["run_ns"] for t in report["threads"])
    assert run_ns > 200_000_000, report["threads"]
    assert sum(t["involuntary"] + t["voluntary"] for t in report["threads"]) > 0
    note(f"{version}: worst {report['preempt']['worst'][0]['latency_ns'] / 1e6:.0f} ms, "
         f"resolution {report['preempt']['resolution_ns'] / 1e6:.0f} ms")


@case
def go119():
    """Go 1.19, unprivileged: gaps, who holds the P, and that async preemption is off"""
    gaps_seen("1.19")


@case
def go122():
    """Go 1.22, the same"""
    gaps_seen("1.22")


@case
def go126():
    """Go 1.26, the same"""
    gaps_seen("1.26")


def gaps_of(capture):
    p = subprocess.run([SCHEDTOP, "export", "--format=json", capture, "-o", capture + ".json"], capture_output=True,
                       text=True, timeout=60)
    assert p.returncode == 0, p.stderr
    with open(capture + ".json") as f:
        return [e for e in map(json.loads, f) if e["kind"] == "gap" and e["end_ns"]]


@case
def agrees_with_probes():
    """The same process under ebpf and proc at once: gaps agree within the stated resolution"""
    if os.geteuid() != 0:
        skip("needs root: BPF and uprobes")
    binary = go_build("demo/tightloop", "1.22")
    with tempfile.TemporaryDirectory() as folder:
        captures = {name: os.path.join(folder, name) for name in ("ebpf", "proc")}
        target = subprocess.Popen([binary, "--seconds", "30", "--chunk", "500ms"], env={**os.environ, **OFF},
                                  stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            watchers = [subprocess.Popen([SCHEDTOP, "record", "--duration", "7", "--max-overhead=0", "-o", path,
                                          f"--collector={name}", "-p", str(target.pid)], stdin=subprocess.DEVNULL,
                                         stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
                        for name, path in captures.items()]
            for w in watchers:
                _, err = w.communicate(timeout=60)
                if w.returncode != 0 and "eBPF" in err:
                    skip("needs eBPF: " + err[-200:])
                assert w.returncode == 0, err
        finally:
            target.kill()
            target.wait()
        preempt = {n: json.loads(as_root_report(c))["preempt"] for n, c in captures.items()}
        exact, estimate = gaps_of(captures["ebpf"]), gaps_of(captures["proc"])
    assert preempt["ebpf"]["estimated"] is False and preempt["ebpf"]["resolution_ns"] is None
    assert preempt["proc"]["estimated"] is True
    error = preempt["proc"]["resolution_ns"]
    # Probes take their time to be placed: what began before they saw anything can't be compared.
    first, last = min(g["start_ns"] for g in exact), max(g["end_ns"] for g in exact)
    seen = [g for g in estimate if g["start_ns"] > first + error and g["end_ns"] < last - error]
    seen = seen or [g for g in estimate if first <= g["start_ns"] and g["end_ns"] <= last]
    good = [g for g in seen if any(e["goid"] == g["goid"] and abs(e["start_ns"] - g["start_ns"]) <= error and
                                   abs(e["end_ns"] - g["end_ns"]) <= error for e in exact)]
    note(f"{len(good)} of {len(seen)} estimated gaps have their like among {len(exact)}, within {error / 1e6:.0f} ms")
    # Of those that don't, the thread was blocked meanwhile: probes end a gap there, a look at the flag doesn't.
    assert len(good) >= 1 and len(good) >= 0.4 * len(seen), (seen, exact, error)


@case
def perf_refused():
    """perf_event_open() and bpf() refused by a filter: auto falls to the last resort, and says why"""
    binary = go_build("demo/tightloop", "1.22")
    p = as_nobody("run", "--batch", "--json", "--", binary, "--seconds", "2", "--chunk", "400ms", env=OFF,
                  prefix=[sys.executable, "-c", SANDBOX])
    report = json.loads(p.stdout)
    check_gaps(report)
    why = " | ".join(report["collector"]["why_not"])
    assert "ebpf:" in why and "perf:" in why, why
    text = as_nobody("run", "--batch", "--", binary, "--seconds", "1", env=OFF,
                     prefix=[sys.executable, "-c", SANDBOX]).stdout
    assert "not used: perf:" in text, text


@case
def refused():
    """Another user's process: who may not read its memory is told so, and how to get it"""
    if os.geteuid() != 0:
        skip("needs a second user")
    target = start(["sleep", "60"])
    try:
        p = as_nobody("attach", "--collector=proc", "--duration", "1", target.pid, status=1)
    finally:
        stop(target)
    assert "another user" in p.stderr and "root" in p.stderr, p.stderr


@case
def marked_in_text_and_picture():
    """Estimates are marked in the text report and on the screen, also of a capture"""
    binary = go_build("demo/tightloop", "1.22")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o777)
        capture = os.path.join(folder, "c.stcap")
        p = as_nobody("run", "--collector=proc", "--batch", "-o", capture, "--", binary, "--seconds", "2", env=OFF)
        assert "~preemption gap" in p.stdout and "estimates" in p.stdout, p.stdout
        frame = as_nobody("snapshot", "--format=text", "--size=140x40", capture).stdout
        assert "~preempt" in frame, frame
        again = json.loads(as_nobody("report", "--json", capture).stdout)
        assert again["preempt"]["estimated"] is True and again["preempt"]["requests"] >= 1, again["preempt"]
        assert again["stw"]["resolution_ns"] == again["preempt"]["resolution_ns"]


@case
def exact_is_lowered():
    """Detail exact isn't to be had from /proc: the report says what it is instead"""
    p = as_nobody("run", "--collector=proc", "--detail=exact", "--json", "--", "true")
    collector = json.loads(p.stdout)["collector"]
    assert collector["detail"] == "sched", collector
    assert any("exact" in m for m in collector["missing"]), collector


def schedtrace_seen(version):
    binary = go_build("demo/tightloop", version)
    p = as_nobody("run", "--collector=schedtrace", "--json", "--", binary, "--seconds", "2")
    report = json.loads(p.stdout)
    assert report["collector"]["name"] == "schedtrace"
    assert report["preempt"]["requests"] is None and report["stw"]["count"] is None
    assert report["target"]["gomaxprocs"] >= 1
    assert any(g["run_ns"] > 0 for g in report["goroutines"]), report["goroutines"]
    assert any(t["comm"] == "M0" for t in report["threads"]), report["threads"]
    assert "SCHED " not in p.stderr and "schedtick=" not in p.stderr, p.stderr[-1000:]
    assert "elapsed" in p.stderr or "=" in p.stderr, "the target's own output is passed on: " + p.stderr[-500:]


@case
def schedtrace_119():
    """schedtrace of Go 1.19 (-1 for none): Ps, Ms and Gs, and the target's own lines are passed on"""
    schedtrace_seen("1.19")


@case
def schedtrace_126():
    """schedtrace of Go 1.26 (nil for none), the same"""
    schedtrace_seen("1.26")


@case
def schedtrace_needs_a_launch():
    """A running process can't be asked to print"""
    p = as_nobody("attach", "--collector=schedtrace", os.getpid(), status=2)
    assert "proc" in p.stderr, p.stderr


if __name__ == "__main__":
    os.makedirs(os.path.join(BUILD, "tests"), exist_ok=True)
    run()
