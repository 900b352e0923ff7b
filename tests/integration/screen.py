# SPDX-License-Identifier: GPL-2.0-only
"""A terminal for the tests of the screen: a shell in tmux."""
import os
import re
import shutil
import subprocess
import tempfile

from lib import SCHEDTOP, skip, wait_for


class Screen:
    """A shell in a tmux of its own, so that what schedtop leaves behind can be seen."""

    def __init__(self, cols=120, rows=40, env="GODEBUG=asyncpreemptoff=1 LC_ALL=C.UTF-8"):
        if not shutil.which("tmux"):
            skip("tmux isn't installed")
        self.dir = tempfile.mkdtemp(prefix="schedtop-screen-")
        self.socket = os.path.join(self.dir, "tmux")
        self.tmux("-f", "/dev/null", "new-session", "-d", "-x", str(cols), "-y", str(rows), "-c", self.dir,
                  f"env {env} PS1='READY> ' bash --norc --noprofile")
        wait_for("the shell", lambda: "READY>" in self.text())

    def tmux(self, *args):
        return subprocess.run(["tmux", "-S", self.socket, *args], capture_output=True, text=True, timeout=10).stdout

    def text(self):
        return self.tmux("capture-pane", "-p")

    def colours(self):
        return self.tmux("capture-pane", "-ep")

    def type(self, *keys):
        self.tmux("send-keys", *keys)

    def command(self, *argv):
        self.type(" ".join(str(a) for a in argv), "Enter")

    def wait(self, pattern, timeout=10):
        try:
            wait_for(pattern, lambda: re.search(pattern, self.text()), timeout)
        except AssertionError as e:
            raise AssertionError(f"{e}; the screen was:\n{self.text()}") from e

    def resize(self, cols, rows):
        self.tmux("resize-window", "-x", str(cols), "-y", str(rows))

    def pid(self):
        p = subprocess.run(["pgrep", "-f", f"^{SCHEDTOP} "], capture_output=True, text=True)
        return int(p.stdout.split()[0])

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.tmux("kill-server")
        shutil.rmtree(self.dir, ignore_errors=True)
