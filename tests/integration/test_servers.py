#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""compare with servers: waiting until they are ready, a load on them, one port for all of them, and nothing left behind."""
import contextlib
import html
import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time
import xml.etree.ElementTree as ET

from lib import SCHEDTOP, case, go_build, need_tracing, run, schedtop, skip, start, stop, wait_for

PORT = 8347
URL = f"http://127.0.0.1:{PORT}/"
TWO = ("--variant", "on", "--variant", "off:asyncpreemptoff=1")
QUICK = ("--rounds", 1, "--warmup", 0, "--no-noise-check", "--max-overhead=0")


def httpd():
    return go_build("tests/targets/httpd", "1.26")


def load():
    if not shutil.which("wrk"):
        skip("needs wrk (Debian package wrk)")
    return f"exec wrk -t1 -c4 -d60 {URL}"


def compare(*args, status=0, timeout=90):
    p = schedtop("compare", *args, timeout=timeout)
    assert p.returncode == status, (p.returncode, p.stderr[-2500:])
    return p


def left():
    """Programs of these tests that still run."""
    found = []
    for pid in filter(str.isdigit, os.listdir("/proc")):
        with contextlib.suppress(OSError):
            with open(f"/proc/{pid}/cmdline", "rb") as f:
                words = f.read().split(b"\0")
            if words[0] and re.search(rb"/httpd-1|wrk$|^sleep$", words[0]) and (b"3597" in words or words[0] != b"sleep"):
                found.append((int(pid), words[:3]))
    return found


def nothing_left():
    wait_for("all programs to end", lambda: not left(), 5)


def by_name(p):
    report = json.loads(p.stdout)
    return report, {v["name"]: v for v in report["variants"]}


@contextlib.contextmanager
def other_server():
    """A process of somebody else's that listens on the port."""
    p = start(["python3", "-c", f"import socket,time; s=socket.create_server(('127.0.0.1',{PORT})); print(1,flush=True); "
               "time.sleep(60)"], stdout=subprocess.PIPE)
    try:
        p.stdout.readline()
        yield p
    finally:
        stop(p)


@case
def isolated_in_parallel():
    """--isolate net --parallel: two servers on one port, a real load on each, beside a third that has the port already"""
    need_tracing()
    if len(os.sched_getaffinity(0)) < 2:
        skip("needs two CPUs")
    command = load()
    with other_server(), tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "report.html")
        p = compare("--json", "--html", file, "--parallel", "--isolate", "net", "--ready", f"tcp:{PORT}", "--load", command,
                    "--duration", 1.5, *QUICK, *TWO, "--", httpd(), "-addr", f"127.0.0.1:{PORT}")
        with open(file, encoding="utf-8") as f:
            page = f.read()
        mode = os.stat(file).st_mode & 0o777
        assert os.listdir(folder) == ["report.html"]
    report, variants = by_name(p)
    assert report["isolate"] == "net" and report["ready"] == f"tcp:{PORT}" and report["load"] == command
    requests = [int(n) for n in re.findall(r"^requests=(\d+)$", p.stderr, re.M)]
    assert len(requests) == 2 and min(requests) > 100, p.stderr
    for v in variants.values():
        assert v["rounds"] == 1 and v["error"] is None, v
        assert v["runs"][0]["load_status"] is None, "it was still running"
        assert v["runs"][0]["duration_ns"] > 1.2e9, v["runs"]
    assert variants["off"]["report"]["async_preempt"]["enabled"] is False
    assert variants["on"]["report"]["async_preempt"]["enabled"] is True
    assert mode == 0o600, oct(mode)
    check_page(page, command)
    nothing_left()


def check_page(page, command):
    """Parses, has both variants, and nothing from elsewhere."""
    root = ET.fromstring(page.replace("<!DOCTYPE html>", ""))
    assert not [e for e in root.iter() if e.tag in ("script", "link", "img", "iframe", "object")]
    assert not [a for e in root.iter() for a in e.attrib if a in ("href", "src")]
    # The only address is that of the load, as text.
    assert set(re.findall(r"https?://[^\s'<]*", html.unescape(page))) == {URL}
    headings = ["".join(h.itertext()).strip() for h in root.iter("h3")]
    assert headings.count("on") >= 2 and headings.count("off") >= 2, headings
    assert len([s for s in root.iter("svg") if s.find(".//rect[@class='idle']") is not None]) >= 2, "no timelines"
    text = "".join(root.itertext())
    assert command in text and "GODEBUG=asyncpreemptoff=1" in text and "go1.26" in text


@case
def ready_by_log_and_by_command():
    """--ready log and cmd: measured once it holds, and the load's own end ends the run"""
    need_tracing()
    ask = f"python3 -c \"import urllib.request as u; u.urlopen('{URL}')\""
    for ready in ("log:^httpd: listening on .*:[0-9]+$", "cmd:" + ask):
        began = time.monotonic()
        p = compare("--json", "--ready", ready, "--load", ask + "; sleep 0.7; echo $SCHEDTOP_VARIANT", "--duration", 30,
                    *QUICK, *TWO, "--", httpd(), "-delay", "300ms")
        assert time.monotonic() - began < 30
        _, variants = by_name(p)
        for v in variants.values():
            assert v["runs"][0]["load_status"] == 0, v["runs"]
            assert v["runs"][0]["duration_ns"] < 25e9, v["runs"]
            assert v["report"]["collector"]["events"] > 0
    nothing_left()


@case
def never_ready():
    """a server that never gets ready: an error within the limit that has its last line, and nothing left behind"""
    need_tracing()
    began = time.monotonic()
    p = compare("--ready", f"tcp:{PORT}", "--ready-timeout", "1s", "--load", "sleep 3597", "--duration", 1, *QUICK, *TWO, "--",
                "sh", "-c", f"sleep 3597 & {httpd()} -never", status=1)
    assert time.monotonic() - began < 30
    assert "not ready after 1.00 s" in p.stderr and "Connection refused" in p.stderr, p.stderr
    assert "its last line is: httpd: starting" in p.stderr, p.stderr
    assert not p.stdout
    nothing_left()


@case
def ends_before_it_is_ready():
    """a server that ends instead of getting ready: told with its last line"""
    need_tracing()
    p = compare("--ready", "log:never", "--duration", 1, *QUICK, *TWO, "--", "sh", "-c", "echo no such volume; exit 3", status=1)
    assert "ended before it was ready" in p.stderr and "its last line is: no such volume" in p.stderr, p.stderr
    nothing_left()


@case
def port_in_use():
    """without isolation: who has the port is told by name, before and beside"""
    need_tracing()
    with other_server() as other:
        p = compare("--ready", f"tcp:{PORT}", "--duration", 1, *QUICK, *TWO, "--", httpd(), status=1)
        assert re.search(rf"in use already, by python3\S* \(pid {other.pid}\)", p.stderr), p.stderr
        assert "--isolate net" in p.stderr
    if len(os.sched_getaffinity(0)) >= 2:
        p = compare("--ready", f"tcp:{PORT}", "--ready-timeout", 5, "--parallel", "--duration", 1, *QUICK, *TWO, "--", httpd(),
                    status=1)
        assert re.search(r"in use already, by httpd\S* \(pid \d+\)", p.stderr), p.stderr
    nothing_left()


@case
def load_that_fails():
    """a load that fails: told with its status and what it said; the comparison fails"""
    need_tracing()
    p = compare("--ready", f"tcp:{PORT}", "--load", "echo no such host; exit 7", "--duration", 5, *QUICK, *TWO, "--", httpd(),
                status=1)
    assert "--load: it ended with status 7: no such host" in p.stderr, p.stderr
    assert "the load on on said: no such host" in p.stderr, p.stderr
    nothing_left()


@case
def interrupted():
    """Ctrl-C while it waits, and under load: server, load and what they started are gone, no file is left"""
    need_tracing()
    command = "sleep 3597 & " + load()
    for never, mark in ((["-never"], "httpd: starting"), ([], "listening")):
        with tempfile.TemporaryDirectory() as folder:
            p = start([SCHEDTOP, "compare", "--html", os.path.join(folder, "r.html"), "--isolate", "net", "--ready",
                       f"tcp:{PORT}", "--load", command, "--duration", 60, *QUICK, *TWO, "--", httpd(), *never],
                      stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True)
            try:
                for line in p.stderr:
                    if mark in line:
                        break
                if not never:
                    wait_for("the load", lambda: any(b"wrk" in w[0] for _, w in left()), 10)
                os.kill(p.pid, signal.SIGINT)
                p.communicate(timeout=20)
            finally:
                stop(p)
            assert not [f for f in os.listdir(folder) if f != "r.html"], os.listdir(folder)
        nothing_left()


@case
def refused_without_privileges():
    """--isolate net without the capability: refused in words; bad specs are bad usage"""
    p = schedtop("compare", "--ready", "udp:1", *TWO, "--", "true")
    assert p.returncode == 2 and "neither tcp, log nor cmd" in p.stderr, p.stderr
    p = schedtop("compare", "--isolate", "cgroup", *TWO, "--", "true")
    assert p.returncode == 2 and "'cgroup' is not net" in p.stderr, p.stderr
    if os.geteuid() != 0:
        skip("needs root, to become somebody else")
    with tempfile.TemporaryDirectory() as folder:
        os.chmod(folder, 0o755)
        mine = shutil.copy(SCHEDTOP, folder)
        p = subprocess.run(["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", mine, "compare", "--isolate", "net",
                            *map(str, QUICK), *TWO, "--", "true"], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                           timeout=30)
    assert p.returncode == 1 and "CAP_SYS_ADMIN" in p.stderr, p.stderr


@case
def sudo_user():
    """under sudo server, load and report are the invoking user's"""
    need_tracing()
    with tempfile.TemporaryDirectory() as folder:
        p = schedtop("compare", "--html", os.path.join(folder, "r.html"), "--isolate", "net", "--load", "id -u; exit 9", "--duration", 5, *QUICK, *TWO,
                     "--", "sh", "-c", "echo I am $(id -u); exec sleep 60",
                     env={"SUDO_UID": "65534", "SUDO_GID": "65534"}, timeout=60)
    assert p.returncode == 1 and "I am 65534" in p.stderr and "the load on on said: 65534" in p.stderr, p.stderr


run()
