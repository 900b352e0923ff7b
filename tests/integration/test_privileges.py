# SPDX-License-Identifier: GPL-2.0-only
"""What schedtop may do, what it gives up, and what it shows of containers: users without rights, file capabilities, root
with few capabilities, sudo, pid namespaces, a throttled cgroup."""
import glob
import json
import os
import shutil
import subprocess
import tempfile
import time

from lib import SCHEDTOP, case, go_build, need_tracing, note, report_of, run, schedtop, skip, start, stop, wait_for

VERSION = "1.22"
USER = 65534
GRANT = "cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search+ep"
NAMES = {0: "chown", 1: "dac_override", 2: "dac_read_search", 3: "fowner", 5: "kill", 19: "sys_ptrace", 21: "sys_admin",
         38: "perfmon", 39: "bpf"}
UNPRIVILEGED = ["setpriv", f"--reuid={USER}", f"--regid={USER}", "--clear-groups", "--inh-caps=-all"]


def tightloop():
    return go_build("demo/tightloop", VERSION)


class Place:
    """A folder that everybody may enter, with a copy of schedtop in it, and a folder of USER's to work in."""

    def __init__(self, grant=None):
        self.grant = grant

    def __enter__(self):
        self.path = tempfile.mkdtemp(prefix="schedtop-privileges-")
        os.chmod(self.path, 0o755)
        self.schedtop = os.path.join(self.path, "schedtop")
        shutil.copy(SCHEDTOP, self.schedtop)
        os.chmod(self.schedtop, 0o755)
        self.program = os.path.join(self.path, "tightloop")
        shutil.copy(tightloop(), self.program)
        os.chmod(self.program, 0o755)
        self.work = os.path.join(self.path, "work")
        os.mkdir(self.work)
        os.chown(self.work, USER, USER)
        if self.grant:
            if not shutil.which("setcap"):
                skip("setcap is missing (libcap2-bin)")
            p = subprocess.run(["setcap", self.grant, self.schedtop], capture_output=True, text=True)
            if p.returncode:
                skip(f"file capabilities can't be given here: {p.stderr.strip()}")
        return self

    def __exit__(self, *_):
        shutil.rmtree(self.path)

    def run(self, *args, prefix=UNPRIVILEGED, timeout=60, env=None):
        return subprocess.run([*prefix, self.schedtop, *map(str, args)], stdin=subprocess.DEVNULL, capture_output=True,
                              text=True, cwd=self.work, timeout=timeout, env={**os.environ, **(env or {})})

    def start(self, *args, prefix=UNPRIVILEGED, env=None):
        return start([*prefix, self.schedtop, *args], stdout=open(os.path.join(self.work, "out"), "w"),
                     stderr=open(os.path.join(self.work, "err"), "w"), cwd=self.work,
                     env={**os.environ, **(env or {})})

    def said(self, name):
        with open(os.path.join(self.work, name)) as f:
            return f.read()


def status_of(pid, tid=None):
    """The fields of /proc/PID/status; capability sets as sets of names."""
    with open(f"/proc/{pid}/task/{tid or pid}/status") as f:
        fields = dict(line.rstrip("\n").split(":", 1) for line in f if ":" in line)
    fields = {k: v.strip() for k, v in fields.items()}
    for key in ("CapEff", "CapPrm", "CapAmb", "CapInh"):
        bits = int(fields[key], 16)
        fields[key] = {NAMES.get(i, str(i)) for i in range(64) if bits >> i & 1}
    return fields


def child_of(pid):
    with open(f"/proc/{pid}/task/{pid}/children") as f:
        children = f.read().split()
    return int(children[0]) if children else 0


def watched(place_process):
    """Waits until a session runs: schedtop's own filter is there and its target runs the program. Returns both ids."""
    pid = place_process.pid

    def settled():
        return place_process.poll() is not None or (
            status_of(pid)["Seccomp"] == "2" and child_of(pid) and
            os.path.basename(os.readlink(f"/proc/{child_of(pid)}/exe")) == "tightloop")

    wait_for("the session", settled, 20)
    assert place_process.poll() is None, "schedtop has ended"
    return pid, child_of(pid)


def sanitized():
    """A build with sanitizers has no filter."""
    with open(SCHEDTOP, "rb") as f:
        return b"__asan_init" in f.read()


def check_target(pid, uid):
    """A target has what its user has, and nothing of schedtop's."""
    s = status_of(pid)
    assert s["Uid"].split() == [str(uid)] * 4, s["Uid"]
    assert s["NoNewPrivs"] == "0" and s["Seccomp"] == "0", (s["NoNewPrivs"], s["Seccomp"])
    if uid:
        assert not (s["CapEff"] | s["CapPrm"] | s["CapAmb"]), s


@case
def no_rights():
    """a user without any capability is told what is refused and how to get it, by run, attach, record and doctor"""
    need_tracing()
    with Place() as p:
        other = start([p.program], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        try:
            for args in (["run", "--batch", "--duration=1"], ["record", "--duration=1", "-o", "file"]):
                r = p.run(*args, "--", p.program)
                if r.returncode == 0:
                    note("another collector than eBPF works for this user")
                    continue
                assert r.returncode == 1 and "refused" in r.stderr and "setcap" in r.stderr, r.stderr
            r = p.run("attach", "--batch", other.pid)
            assert r.returncode == 1 and "another user" in r.stderr, r.stderr
            r = p.run("inspect", other.pid)
            assert r.returncode == 1 and "another user" in r.stderr, r.stderr
        finally:
            stop(other)
        r = p.run("doctor", "--json")
        rows = {x["name"]: x for x in json.loads(r.stdout)["rows"]}
        for name in ("privileges", "bpf", "file capabilities"):
            assert rows[name]["ok"] is False and f"setcap {GRANT} '{p.schedtop}'" in rows[name]["fix"], rows[name]
            assert rows[name]["needed_for"], rows[name]
        assert "no BPF program can be loaded" in rows["privileges"]["found"], rows["privileges"]


@case
def file_capabilities():
    """with file capabilities a user sees what root sees; schedtop gives up the rest, and its target gets none of it"""
    need_tracing()
    with Place(GRANT) as p:
        s = p.start("run", "--batch", "--json", "--max-overhead=0", "--duration=4", "-o", "file", "--rotate=1s", "--", p.program)
        try:
            pid, target = watched(s)
            check_target(target, USER)
            if not sanitized():
                own = status_of(pid)
                # The target is the user's own: nobody else's memory or files are needed.
                assert own["CapPrm"] == {"bpf", "perfmon"}, own["CapPrm"]
                assert own["CapEff"] == set() and own["NoNewPrivs"] == "1" and own["Seccomp"] == "2", own
                threads = {}
                for tid in os.listdir(f"/proc/{pid}/task"):
                    with open(f"/proc/{pid}/task/{tid}/comm") as f:
                        threads[f.read().strip()] = status_of(pid, tid)
                assert all(t["Seccomp"] == "2" and t["NoNewPrivs"] == "1" for t in threads.values())
                assert threads["schedtop-engine"]["CapEff"] == {"bpf", "perfmon"}, threads["schedtop-engine"]["CapEff"]
                assert threads["schedtop-writer"]["CapPrm"] == set(), threads["schedtop-writer"]["CapPrm"]
            wait_for("the end", lambda: s.poll() is not None, 30)
        finally:
            stop(s)
        assert s.returncode == 0, p.said("err")
        report = json.loads(p.said("out"))
        assert report["preempt"]["requests"] > 10 and report["stw"]["count"] > 0, report["preempt"]
        assert any("main." in g["func"] for g in report["goroutines"]), report["goroutines"]
        files = glob.glob(os.path.join(p.work, "file*"))
        assert len(files) > 1 and all(os.stat(f).st_uid == USER for f in files), files
        # The rights are there for watching, not for reading what the user may not.
        shutil.copy(files[0], os.path.join(p.path, "secret"))
        os.chmod(os.path.join(p.path, "secret"), 0o600)
        for command in ("report", "snapshot", "inspect"):
            r = p.run(command, os.path.join(p.path, "secret"))
            assert r.returncode == 1 and "Permission denied" in r.stderr, (command, r.stdout[:200], r.stderr)


@case
def foreign_process():
    """with file capabilities a user watches root's process, and keeps for that what reads it"""
    need_tracing()
    with Place(GRANT) as p:
        os.chmod(p.program, 0o700)
        other = start([p.program], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        s = p.start("attach", "--batch", "--json", "--max-overhead=0", "--duration=3", str(other.pid))
        try:
            wait_for("the session", lambda: s.poll() is not None or status_of(s.pid)["NoNewPrivs"] == "1", 20)
            time.sleep(0.3)
            if not sanitized():
                assert status_of(s.pid)["CapPrm"] == {"bpf", "perfmon", "sys_ptrace", "dac_read_search"}
            wait_for("the end", lambda: s.poll() is not None, 30)
            assert s.returncode == 0, p.said("err")
            report = json.loads(p.said("out"))
            assert report["preempt"]["requests"] > 10 and report["async_preempt"]["enabled"] is True, report["preempt"]
            r = p.run("inspect", "--json", other.pid)
            assert json.loads(r.stdout)["layout"]["verified"] is True, r.stdout[:300]
        finally:
            stop(s)
            stop(other)


@case
def missing_ones():
    """root with sets of capabilities: doctor names each that is missing and its cost; run works or says why it doesn't"""
    need_tracing()
    costs = {"bpf": "no BPF program can be loaded", "perfmon": "no probe can be placed",
             "sys_ptrace": "other users' processes can't be read", "dac_read_search": "only their user may read"}
    with Place() as p:
        for missing in (["bpf", "sys_admin"], ["perfmon", "sys_admin"], ["sys_ptrace"], ["dac_read_search"]):
            prefix = ["setpriv", "--bounding-set=" + ",".join("-" + m for m in missing)]
            r = p.run("doctor", "--json", prefix=prefix)
            row = {x["name"]: x for x in json.loads(r.stdout)["rows"]}["privileges"]
            assert f"CAP_{missing[0].upper()} " in row["found"] and costs[missing[0]] in row["found"], row
            assert all(c not in row["found"] for m, c in costs.items() if m not in missing), row
            assert (row["ok"] is False) == (missing[0] in ("bpf", "perfmon")), row
            r = p.run("run", "--batch", "--json", "--max-overhead=0", "--duration=1.5", "--", p.program, prefix=prefix)
            if missing[0] in ("sys_ptrace", "dac_read_search"):
                assert r.returncode == 0 and json.loads(r.stdout)["preempt"]["requests"] > 0, r.stderr
            elif r.returncode == 0:
                note(f"without CAP_{missing[0].upper()} another collector works")
            else:
                assert "refused" in r.stderr and "setcap" in r.stderr, r.stderr


@case
def root_and_sudo():
    """root gives up what it doesn't need; under sudo schedtop is the user, and reads for them what root may read"""
    need_tracing()
    sudo = {"SUDO_UID": str(USER), "SUDO_GID": str(USER), "SUDO_USER": "nobody"}
    with Place() as p:
        for env, uid in (({}, 0), (sudo, USER)):
            os.chown(p.work, uid, uid)
            s = p.start("record", "--max-overhead=0", "--duration=3", "-o", "file", "--", p.program, prefix=[], env=env)
            try:
                pid, target = watched(s)
                check_target(target, uid)
                if not sanitized():
                    own = status_of(pid)
                    kept = {"bpf", "perfmon"} if uid else {"bpf", "perfmon", "sys_ptrace", "dac_read_search",
                                                           "dac_override", "fowner", "kill"}
                    assert own["Uid"].split() == [str(uid)] * 4, own["Uid"]
                    assert own["CapPrm"] <= kept and {"bpf", "perfmon"} <= own["CapPrm"], own["CapPrm"]
                    assert own["NoNewPrivs"] == "1" and own["Seccomp"] == "2", own
                wait_for("the end", lambda: s.poll() is not None, 30)
            finally:
                stop(s)
            assert s.returncode == 0, p.said("err")
            path = os.path.join(p.work, "file")
            assert os.stat(path).st_uid == uid
            if not uid:
                os.unlink(path)
        secret = os.path.join(p.path, "secret")
        shutil.copy(path, secret)
        os.chmod(secret, 0o600)
        r = p.run("report", "--json", secret, prefix=[], env=sudo)
        assert r.returncode == 0 and json.loads(r.stdout)["preempt"]["requests"] > 0, r.stderr
        os.chmod(p.program, 0o700)
        r = p.run("inspect", "--json", p.program, prefix=[], env=sudo)
        assert r.returncode == 0 and json.loads(r.stdout)["go_version"], r.stderr
        r = p.run("export", "--format=json", "-o", "out.json", secret, prefix=[], env=sudo)
        assert r.returncode == 0 and os.stat(os.path.join(p.work, "out.json")).st_uid == USER, r.stderr
        r = p.run("export", "--format=json", "-o", os.path.join(p.path, "out.json"), secret, prefix=[], env=sudo)
        assert r.returncode == 1 and "Permission denied" in r.stderr, r.stderr


def need_namespaces():
    need_tracing()
    p = subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", "true"], capture_output=True, text=True)
    if p.returncode:
        skip(f"no pid namespace can be made: {p.stderr.strip()}")


@case
def target_in_namespace():
    """a target in a pid namespace, schedtop outside: both ids are told, and nothing is missing"""
    need_namespaces()
    holder = start(["unshare", "--pid", "--fork", "--mount-proc", tightloop()], stdout=subprocess.DEVNULL,
                   stderr=subprocess.DEVNULL)
    try:
        wait_for("the target", lambda: child_of(holder.pid) and
                 "tightloop" in os.readlink(f"/proc/{child_of(holder.pid)}/exe"))
        target = child_of(holder.pid)
        time.sleep(0.3)
        report, _ = report_of("attach", "--duration=2", target)
        assert (report["target"]["pid"], report["target"]["ns_pid"]) == (target, 1), report["target"]
        assert report["preempt"]["requests"] > 10 and report["async_preempt"]["enabled"] is True, report["preempt"]
        assert any("main." in g["func"] for g in report["goroutines"]), report["goroutines"]
        assert {t["tid"] for t in report["threads"]} <= {int(t) for t in os.listdir(f"/proc/{target}/task")}
        text = schedtop("attach", "--batch", "--duration=0.5", target).stdout
        assert f"PID {target} (1 in its own namespace)" in text.splitlines()[0], text.splitlines()[0]
    finally:
        stop(holder)


@case
def both_in_namespace():
    """schedtop and its target in one pid namespace: ids are those of there; a /proc of elsewhere is refused"""
    need_namespaces()
    argv = [SCHEDTOP, "run", "--batch", "--json", "--max-overhead=0", "--duration=2", "--", tightloop()]
    p = subprocess.run(["unshare", "--pid", "--fork", "--mount-proc", *argv], stdin=subprocess.DEVNULL, capture_output=True,
                       text=True, timeout=60)
    assert p.returncode == 0, p.stderr
    report = json.loads(p.stdout)
    assert report["target"]["pid"] < 20 and report["target"]["ns_pid"] is None, report["target"]
    assert report["threads"] and all(t["tid"] < 100 for t in report["threads"]), report["threads"]
    assert sum(t["run_ns"] for t in report["threads"]) > 0.2e9, report["threads"]
    assert report["preempt"]["requests"] > 10 and report["stw"]["count"] > 0, report["preempt"]
    assert any("main." in g["func"] for g in report["goroutines"]), report["goroutines"]
    assert report["collector"]["missing"] == [], report["collector"]["missing"]
    p = subprocess.run(["unshare", "--pid", "--fork", *argv], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                       timeout=60)
    assert p.returncode == 1 and "pid namespace" in p.stderr and "mount -t proc" in p.stderr, p.stderr


@case
def throttled_v1():
    """a cgroup v1 quota: it is shown with how often it stopped the process, and judged"""
    need_tracing()
    base = next((d for d in ("/sys/fs/cgroup/cpu", "/sys/fs/cgroup/cpu,cpuacct")
                 if os.path.exists(f"{d}/cpu.cfs_quota_us") or os.path.exists(f"{d}/cpu.shares")), None)
    if not base:
        skip("the cpu controller of cgroup v1 isn't mounted")
    group = os.path.join(base, f"schedtop-test-{os.getpid()}")
    try:
        os.mkdir(group)
        with open(f"{group}/cpu.cfs_quota_us", "w") as f:
            f.write("20000")
    except OSError as e:
        skip(f"no quota can be set in {base}: {e}")
    other = start(["sh", "-c", f"echo $$ > {group}/cgroup.procs && exec {tightloop()}"], stdout=subprocess.DEVNULL,
                  stderr=subprocess.DEVNULL)
    try:
        time.sleep(0.5)
        report, _ = report_of("attach", "--duration=3", other.pid)
        codes = {v["code"]: v for v in report["verdicts"]}
        assert "throttled" in codes and codes["throttled"]["severity"] != "info", list(codes)
        cgroup = report["cgroup"]
        assert cgroup["quota_ns"] == 20_000_000 and cgroup["period_ns"] == 100_000_000, cgroup
        assert cgroup["nr_throttled"] > 3 and cgroup["throttled_ns"] > 50_000_000, cgroup
        text = schedtop("attach", "--batch", "--duration=1", other.pid).stdout
        assert "cgroup: 0.20 CPUs (20.0 ms of every 100 ms)" in text and "throttled" in text, text[:600]
    finally:
        stop(other)
        wait_for("the group to be empty", lambda: not open(f"{group}/cgroup.procs").read())
        os.rmdir(group)


run()
