#!/usr/bin/env python3
# SPDX-License-Identifier: GPL-2.0-only
"""Captures on the screen, and from another host."""
import json
import os
import re
import shlex
import shutil
import signal
import socket
import subprocess
import time

import capfile
from capture import S, OFF, Folder, tightloop, a_capture, playhead, replayed
from lib import SCHEDTOP, case, changed_text, need_tracing, run, schedtop, skip, start, stop, truth, wait_for
from screen import Screen


def events_shown(text):
    """The number of events by the status line."""
    m = re.search(r"(\d+(?:\.\d+)?)(k|M)? events", text)
    return float(m[1]) * {"k": 1e3, "M": 1e6, None: 1}[m[2]] if m else -1


def minimap(text):
    """The minimap's two lines without their labels."""
    lines = text.splitlines()
    i = next(i for i, line in enumerate(lines) if line.startswith("all "))
    label = len(lines[i]) - len(lines[i][4:].lstrip())
    return lines[i][label:], lines[i + 1][label:]


@case
def replay_first_frame():
    """replay: the first frame is of the whole capture, with the minimap above, gaps and the playhead in it"""
    with Folder() as d:
        path = a_capture(d)
        length = replayed(path)["collector"]["duration_ns"] / S
        with Screen() as s:
            s.command(SCHEDTOP, "replay", path)
            s.wait(r"REPLAY 1x")
            s.wait(r"main\.crunch")
            text = s.text()
            assert "tightloop" in text and re.search(r"(?i)async preemption.{0,20}off", text), text
            assert abs(playhead(text) - length) < 0.02, (text, length)
            density, window = minimap(text)
            assert "▼" in density and "!" in density, text
            assert window[-1] == "▲" and set(window[:-1]) == {"━"} and len(window) > 100, "not the whole: " + text
            s.type("q")
            s.wait(r"(?m)^READY> *$")


@case
def replay_keys():
    """replay: plays and stops, faster and slower, to a time, an event, a gap; quits and gives the terminal back"""
    with Folder() as d:
        path = a_capture(d)
        with Screen() as s:
            s.command(SCHEDTOP, "replay", path)
            s.wait(r"REPLAY 1x")
            end = playhead(s.text())
            s.type("Space")  # from the end it begins anew
            s.wait(r"PLAYING 1x")
            wait_for("the playhead", lambda: 0.1 < playhead(s.text()) < end / 2, 5)
            before, at = playhead(s.text()), time.monotonic()
            time.sleep(0.5)
            moved, took = playhead(s.text()) - before, time.monotonic() - at
            assert 0.3 * took < moved < 1.7 * took, (moved, took)
            s.type(")")
            s.wait(r"PLAYING 2x")
            s.type("(")
            s.type("(")
            s.wait(r"PLAYING 0\.5x")
            s.type("Space")
            s.wait(r"REPLAY 0\.5x")
            stopped = s.text()
            time.sleep(0.3)
            assert playhead(s.text()) == playhead(stopped), "it goes on"

            s.type(":")
            s.wait(r"go to time")
            s.type("x0.9", "Enter")  # what no time has isn't taken
            wait_for("0.9 s", lambda: 0.8 < playhead(s.text()) <= 0.9)
            s.wait(r"REPLAY")
            at, n = playhead(s.text()), events_shown(s.text())
            assert 0 < n, s.text()
            for steps in range(1, 31):  # more than one, because a large number is shown rounded
                s.type(".")
                time.sleep(0.1)
                if events_shown(s.text()) > n:
                    break
            assert n < events_shown(s.text()) <= n + 200 and at <= playhead(s.text()) < at + 0.2, (n, steps, s.text())
            s.type(":")
            s.wait(r"go to time")
            s.type("s", "Enter")
            s.wait(r"'s' is no time")
            assert playhead(s.text()) < 1, s.text()

            s.type(":")
            s.wait(r"go to time")
            s.type("300ms", "Enter")
            wait_for("300 ms", lambda: playhead(s.text()) <= 0.3)
            seen = []
            for key in ("]", "]", "]", "["):
                s.type(key)
                s.wait(r"preemption gap|stop-the-world|verdict: ")
                s.wait(r"(?m)^\d+\.\d+s  ")  # what is under the cursor
                wait_for("another moment", lambda: not seen or cursor(s.text()) != seen[-1])
                seen.append(cursor(s.text()))
                assert "│" in s.text() or "┃" in s.text(), s.text()
            # Moments closer together than a millisecond are one; which of them is met depends on the way.
            assert seen[0] < seen[1] < seen[2] and abs(seen[3] - seen[1]) < 0.003, seen
            assert playhead(s.text()) >= seen[2] - 0.01, (s.text(), seen)

            s.resize(40, 10)
            s.wait(r"(?s)CPU ?0.*REPLAY")
            wait_for("small lines", lambda: all(len(line) <= 40 for line in s.text().splitlines()))
            s.resize(120, 40)
            s.wait(r"(?s)\nall .*Latency.*REPLAY")
            s.type("q")
            s.wait(r"(?m)^READY> *$")
            s.command("echo", "written-$((6*7))")
            s.wait(r"(?m)^written-42$")
            assert "READY> echo" in s.text(), "the terminal doesn't echo any more"


@case
def replay_prompt():
    """replay: a time that is typed can be corrected with the keys that erase, and given up"""
    with Folder() as d:
        path = a_capture(d)
        with Screen() as s:
            s.command(SCHEDTOP, "replay", path)
            s.wait(r"REPLAY 1x")
            end = playhead(s.text())
            s.type(":", "0.5")
            s.wait(r"go to time: 0\.5_")
            s.type("Escape")
            s.wait(r"REPLAY 1x +ebpf")
            assert playhead(s.text()) == end
            for key in ("BSpace", "C-h"):
                s.type(":", "0.5")
                s.wait(r"go to time: 0\.5_")
                s.type(key)
                s.wait(r"go to time: 0\._")
                s.type("Escape")
                s.wait(r"REPLAY 1x +ebpf")
            s.type("q")
            s.wait(r"(?m)^READY> *$")


@case
def replay_damaged():
    """replay of a damaged file: what is lost is said once at the end, however often it was played"""
    with Folder() as d:
        path = a_capture(d)
        with open(path, "rb") as f:
            data = bytearray(f.read())
        block = capfile.events_of(path)[2]
        data[block.at + 64 + len(block.stored) // 2] ^= 1
        damaged = os.path.join(d, "damaged")
        with open(damaged, "wb") as f:
            f.write(data)
        p = schedtop("report", damaged)
        assert p.returncode == 0 and "1 blocks" in p.stderr, p
        with Screen(cols=200) as s:
            s.command("clear;", SCHEDTOP, "replay", damaged)
            s.wait(r"REPLAY 1x")
            end = playhead(s.text())
            for _ in range(2):
                s.type(":", "0.1", "Enter")
                wait_for("the start", lambda: playhead(s.text()) <= 0.1)
                s.type(":", "999", "Enter")
                wait_for("the end", lambda: playhead(s.text()) == end)
            s.type("q")
            s.wait(r"(?m)^READY> *$")
            assert p.stderr.strip() in s.text(), (p.stderr, s.text())


def cursor(text):
    m = re.search(r"(?m)^(\d+\.\d+)s  ", text)
    return float(m[1]) if m else -1


@case
def replay_stream():
    """a stream on the screen: it says so and grows; at its end it stays; what is no capture shows no screen"""
    binary = tightloop()
    with Screen() as s:
        s.command(SCHEDTOP, "record -o - --", binary, "-seconds 4 2>/dev/null |", SCHEDTOP, "replay -")
        s.wait(r"STREAM", 15)
        s.wait(r"CPU ?0")
        wait_for("events", lambda: events_shown(s.text()) > 0, 5)
        n = events_shown(s.text())
        wait_for("more events", lambda: events_shown(s.text()) > n + 100, 10)
        assert "STREAM" in s.text(), s.text()
        s.wait(r"REPLAY", 20)
        s.wait(r"main\.crunch")
        s.type("q")
        s.wait(r"(?m)^READY> *$")
        s.command("clear; echo text |", SCHEDTOP, "replay", "-")
        s.wait(r"(?m)^schedtop: standard input: this is no capture.*\n+READY> *$")


class Host:
    """An ssh server on the loopback, with keys of its own and for this process alone."""

    def __init__(self, d):
        need_tracing()
        self.sshd = shutil.which("sshd") or "/usr/sbin/sshd"
        if not os.path.exists(self.sshd) or not shutil.which("ssh"):
            skip("openssh-server or openssh-client isn't installed")
        self.dir = d
        for name in ("host", "user", "other"):
            subprocess.run(["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-f", os.path.join(d, name)], check=True,
                           timeout=30)
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            self.port = probe.getsockname()[1]
        self.config = os.path.join(d, "sshd_config")
        with open(self.config, "w") as f:
            f.write(f"Port {self.port}\nListenAddress 127.0.0.1\nHostKey {d}/host\n"
                    f"AuthorizedKeysFile {d}/user.pub\nPidFile none\nUsePAM no\nStrictModes no\n"
                    "PermitRootLogin prohibit-password\nPasswordAuthentication no\n")

    def __enter__(self):
        os.makedirs("/run/sshd", mode=0o755, exist_ok=True)  # where it locks its unprivileged half in
        log = os.path.join(self.dir, "sshd.log")
        self.proc = start([self.sshd, "-f", self.config, "-D", "-E", log], stdout=subprocess.DEVNULL)

        def listens():
            assert self.proc.poll() is None, open(log).read()
            with socket.socket() as s:
                return s.connect_ex(("127.0.0.1", self.port)) == 0
        try:
            wait_for("sshd", listens)
        except BaseException:
            stop(self.proc)
            raise
        return self

    def __exit__(self, *exc):
        stop(self.proc)

    def ssh(self, key="user", port=None):
        return (f"ssh -p {port or self.port} -i {self.dir}/{key} -F none -o IdentitiesOnly=yes -o BatchMode=yes "
                "-o StrictHostKeyChecking=no -o UserKnownHostsFile=/dev/null -o LogLevel=ERROR -o ConnectTimeout=10")

    def words(self, *argv, key="user", port=None):
        return ["remote", "--ssh", self.ssh(key, port), "--remote-schedtop", SCHEDTOP, *argv]


@case
def remote_command():
    """remote: a command on another host, its report here; awkward words arrive as they are"""
    with Folder() as d, Host(d) as host:
        p = schedtop(*host.words("--json", "root@127.0.0.1", "--", tightloop(), "-seconds", "2"))
        assert p.returncode == 0, p.stderr
        report = json.loads(p.stdout)
        own = truth(p.stderr)
        assert report["target"]["exe"] == tightloop() and report["target"]["exit_status"] == 0, report["target"]
        assert report["async_preempt"]["enabled"] is True and report["preempt"]["requests"] > 0, report["preempt"]
        assert float(own["worst_chunk_ms"]) > 0 and report["collector"]["lost"] == 0, (own, report["collector"])
        script = os.path.join(d, "with space")
        with open(script, "w") as f:
            f.write("#!/bin/sh\nfor a; do printf '<%s>' \"$a\"; done\necho\nsleep 0.3\n")
        os.chmod(script, 0o755)
        awkward = ["a b", "it's", "''", '"quoted"', "$HOME", "`id`", "$(id)", ";", "a;b", "&", "|", ">x", "*", "?",
                   "back\\slash", "~", "!", "#", "--", "-n", "", "tab\there", "new\nline", "é€", "%s%n", "{a,b}", "\\n"]
        p = schedtop(*host.words("--json", "root@127.0.0.1", "--", script, *awkward))
        assert p.returncode == 0, p.stderr
        assert "".join(f"<{a}>" for a in awkward) + "\n" in p.stderr, p.stderr
        shown = [a.replace("\t", "\\x09").replace("\n", "\\x0a") for a in awkward]  # as all foreign text is
        assert json.loads(p.stdout)["target"]["args"][-len(awkward):] == shown, p.stdout[:2000]
        text = schedtop(*host.words("--batch", "--duration", "1", "root@127.0.0.1", "--", tightloop()))
        assert text.returncode == 0 and "main.crunch" in text.stdout, (text.returncode, text.stdout, text.stderr)


@case
def remote_process():
    """remote -p: a process of another host; it lives on, and nothing stays there, however this side ends"""
    binary = tightloop()
    with Folder() as d, Host(d) as host:
        t = start([binary], stdout=subprocess.DEVNULL, env={**os.environ, **OFF})
        r = None
        try:
            p = schedtop(*host.words("--json", "--duration", "1.5", "-p", t.pid, "root@127.0.0.1"))
            assert p.returncode == 0 and t.poll() is None, (p.returncode, p.stderr)
            report = json.loads(p.stdout)
            assert report["target"]["pid"] == t.pid and report["preempt"]["worst"][0]["func"] == "main.crunch", report
            assert changed_text(t.pid, binary) == 0
            r = start([SCHEDTOP, *host.words("--json", "-p", t.pid, "root@127.0.0.1")], stdout=subprocess.DEVNULL,
                      stderr=subprocess.DEVNULL)
            wait_for("the probes", lambda: changed_text(t.pid, binary) > 5)
            os.kill(r.pid, signal.SIGKILL)
            wait_for("the probes' end", lambda: changed_text(t.pid, binary) == 0, 10)
            pattern = f"record -o - .*-p {t.pid}"
            wait_for("the end of the other side",
                     lambda: subprocess.run(["pgrep", "-f", pattern], capture_output=True).returncode == 1, 10)
            assert t.poll() is None
        finally:
            stop(t)
            if r:
                stop(r)


@case
def remote_screen():
    """remote on the screen: the stream is followed; a host that refuses leaves its words and no screen"""
    with Folder() as d, Host(d) as host, Screen() as s:
        options = host.words("root@127.0.0.1", "--", tightloop(), "-seconds", "4")
        s.command("clear;", SCHEDTOP, shlex.join(options))
        s.wait(r"STREAM", 15)
        s.wait(r"main\.crunch", 15)
        s.type("q")
        s.wait(r"(?m)^READY> *$")
        options = host.words("root@127.0.0.1", "--", tightloop(), key="other")
        s.command("clear;", SCHEDTOP, shlex.join(options), "2>&1; echo status=$?")
        s.wait(r"(?m)^status=1$")
        assert "Permission denied" in s.text() and "schedtop: " in s.text(), s.text()


@case
def remote_refused():
    """remote: a host that refuses, none at all, no schedtop there, no such process: words and status 1"""
    with Folder() as d, Host(d) as host:
        command = ["root@127.0.0.1", "--", tightloop(), "-seconds", "1"]
        with socket.socket() as taken:
            taken.bind(("127.0.0.1", 0))  # nobody listens
            for argv, why in ((host.words("--json", *command, key="other"), "Permission denied"),
                              (host.words("--json", *command, port=taken.getsockname()[1]), "refused"),
                              (["remote", "--json", "--ssh", "/no/such/ssh -x", *command], "/no/such/ssh"),
                              (["remote", "--json", "--ssh", host.ssh(), "--remote-schedtop", "/no/such/file",
                                *command], "/no/such/file"),
                              (host.words("--json", "-p", "4194303", "root@127.0.0.1"), "4194303"),
                              (host.words("--json", "root@127.0.0.1", "--", "/no/such/program"), "/no/such/program")):
                p = schedtop(*argv)
                assert p.returncode == 1 and p.stdout == "" and why in p.stderr, (argv, p)
                assert re.search(r"^schedtop: ", p.stderr, re.M), (argv, p.stderr)
        p = schedtop("remote", "--json", "--ssh", "", *command)
        assert p.returncode == 2, p
        p = schedtop("remote", "--json", "-oProxyCommand=x", "--", "true")
        assert p.returncode == 2, p


run()
