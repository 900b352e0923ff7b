# SPDX-License-Identifier: GPL-2.0-only
"""What the integration tests share: TAP output, running schedtop, building Go targets with a given toolchain.

A test file defines functions decorated with @case and ends with run(). A case fails by an assertion or any exception and
skips, loudly, by calling skip(reason).
"""
import json
import os
import re
import signal
import subprocess
import sys
import time
import traceback

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
BUILD = os.environ.get("SCHEDTOP_BUILD", os.path.join(TOP, "build"))
SCHEDTOP = os.path.join(BUILD, "schedtop")
OUT = os.path.join(BUILD, "tests", "targets")
CACHE = os.path.join(TOP, ".cache")
SHARED = [os.path.join(TOP, d) for d in ("demo/selfstat", "tests/targets/gstate")]  # packages of several targets

_cases = []


class Skip(Exception):
    pass


def skip(reason):
    """Ends a case that can't run here. CI has everything, so there it fails."""
    if os.environ.get("CI") == "true":
        raise AssertionError("skipped in CI: " + reason)
    raise Skip(reason)


def note(text):
    """A line for whoever reads the log; it changes no result."""
    print("# " + text, flush=True)


def case(fn):
    _cases.append(fn)
    return fn


def run():
    """Runs the cases in their order and prints TAP. Arguments choose cases by name."""
    chosen = [c for c in _cases if not sys.argv[1:] or c.__name__ in sys.argv[1:]]
    print(f"1..{len(chosen)}", flush=True)
    failed = 0
    for i, fn in enumerate(chosen, 1):
        name = (fn.__doc__ or fn.__name__).strip().splitlines()[0]
        begun = time.monotonic()
        try:
            fn()
            print(f"ok {i} - {name}", flush=True)
        except Skip as e:
            print(f"ok {i} - {name} # SKIP {e}", flush=True)
        except Exception:
            failed += 1
            print(f"not ok {i} - {name}", flush=True)
            for line in traceback.format_exc().splitlines():
                print("# " + line, flush=True)
        note(f"{fn.__name__} took {time.monotonic() - begun:.1f} s")
    sys.exit(1 if failed else 0)


def need_tracing():
    """Skips where the kernel or the user can't trace."""
    if os.geteuid() != 0:
        skip("needs root: BPF and uprobes")
    p = subprocess.run([SCHEDTOP, "doctor", "--json"], capture_output=True, text=True, timeout=30)
    rows = {r["name"]: r for r in json.loads(p.stdout)["rows"]}
    for name in ("bpf", "btf"):
        if name in rows and not rows[name]["ok"]:
            skip(f"{name}: {rows[name].get('found', '')}")


def unlimited(args):
    """Traced as asked: where a probe is dear, the detail would be stepped down in the middle of what is compared."""
    if args and args[0] in ("run", "attach", "record", "compare") and not any("max-overhead" in str(a) for a in args):
        return [args[0], "--max-overhead=0", *args[1:]]
    return list(args)


def schedtop(*args, timeout=60, env=None, **kw):
    """Runs schedtop to its end; returns the finished process with stdout and stderr as text."""
    return subprocess.run([SCHEDTOP, *map(str, unlimited(args))], stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=timeout, env={**os.environ, **(env or {})}, **kw)


def report_of(*args, timeout=60, env=None, status=0):
    """A batch session; returns (report, the target's output). The target's stdout arrives on stderr."""
    p = schedtop(args[0], "--batch", "--json", *args[1:], timeout=timeout, env=env)
    assert p.returncode == status, f"exit status {p.returncode}, expected {status}: {p.stderr[-2000:]}"
    return json.loads(p.stdout), p.stderr


def truth(text):
    """The key=value lines that a test target prints about itself."""
    return dict(re.findall(r"^(\w+)=(\S*)$", text, re.M))


def go_tool(version):
    """Path of the go command of a release line ("1.22"), fetched on first use."""
    p = subprocess.run([os.path.join(TOP, "scripts", "go-toolchain"), version], capture_output=True, text=True,
                       timeout=600)
    assert p.returncode == 0, f"go-toolchain {version}: {p.stderr[-500:]}"
    return p.stdout.strip().splitlines()[-1]


def go_build(folder, version, *flags, tag="plain", env=None):
    """Builds tests/targets/NAME or demo/NAME with one Go release; returns the path. Built again when a source changed."""
    name = os.path.basename(folder)
    out = os.path.join(OUT, f"{name}-{version}-{tag}")
    src = os.path.join(TOP, folder)
    newest = max(os.path.getmtime(os.path.join(d, f)) for d in (src, *SHARED) for f in os.listdir(d))
    if os.path.exists(out) and os.path.getmtime(out) > newest:
        return out
    os.makedirs(OUT, exist_ok=True)
    e = {**os.environ, "CGO_ENABLED": "0", "GOTOOLCHAIN": "local", "GOFLAGS": "", "GOPROXY": "off", "GO111MODULE": "on",
         "GOCACHE": os.path.join(CACHE, "go-build"), "GOPATH": os.path.join(CACHE, "gopath"), **(env or {})}
    p = subprocess.run([go_tool(version), "build", "-buildvcs=false", *flags, "-o", out, "."], cwd=src, env=e, capture_output=True, text=True,
                       timeout=600)
    assert p.returncode == 0, f"go build {folder} with {version}: {p.stderr[-2000:]}"
    return out


def changed_text(pid, binary):
    """Bytes of the executable's first code segment that differ between the process and its file: 0xcc is a probe."""
    with open(f"/proc/{pid}/maps") as f:
        line = next(l for l in f if "r-x" in l and binary in l)
    lo, hi, offset = (int(x, 16) for x in re.match(r"(\w+)-(\w+) \S+ (\w+)", line).groups())
    with open(f"/proc/{pid}/mem", "rb") as mem, open(binary, "rb") as f:
        mem.seek(lo)
        f.seek(offset)
        a, b = mem.read(hi - lo), f.read(hi - lo)
    # By pages first: a large program's text is twenty million bytes.
    pages = [i for i in range(0, len(a), 4096) if a[i:i + 4096] != b[i:i + 4096]]
    return sum(x != y for i in pages for x, y in zip(a[i:i + 4096], b[i:i + 4096]))


def wait_for(what, fn, timeout=10):
    """Waits until fn() is true."""
    end = time.monotonic() + timeout
    while time.monotonic() < end:
        if fn():
            return
        time.sleep(0.02)
    raise AssertionError(f"waited {timeout} s for {what}")


def start(argv, **kw):
    """Starts a program in its own session; pair with stop()."""
    kw.setdefault("stdin", subprocess.DEVNULL)
    if str(argv[0]) == SCHEDTOP:
        argv = [SCHEDTOP, *unlimited(argv[1:])]
    return subprocess.Popen([str(a) for a in argv], start_new_session=True, **kw)


def stop(proc, sig=signal.SIGKILL):
    """Ends a program that start() started, and all of its group."""
    try:
        os.killpg(proc.pid, sig)
    except ProcessLookupError:
        pass
    proc.wait(timeout=10)
