#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Wrong use and bad input: a clear error and status 1 or 2, never a crash. Argument: the schedtop to try.
set -u

schedtop=$1
tmp=$(mktemp -d)
trap 'rm -rf "$tmp"' EXIT
failed=0

# expect STATUS PATTERN ARG...: the exit status, and a line "schedtop: what: why." that matches.
expect()
{
	local status=$1 pattern=$2 got
	shift 2
	timeout 30 "$schedtop" "$@" >"$tmp/out" 2>"$tmp/err" </dev/null
	got=$?
	if [ $got -ne "$status" ] || ! grep -Eq "^schedtop: .*$pattern" "$tmp/err"; then
		echo "FAILED: schedtop $*: status $got, wanted $status and /$pattern/; it said:"
		cat "$tmp/err"
		failed=1
	fi
	if [ -s "$tmp/out" ]; then
		echo "FAILED: schedtop $*: an error must leave standard output empty"
		failed=1
	fi
}

# prints PATTERN ARG...: status 0 and standard output that matches.
prints()
{
	local pattern=$1
	shift
	if ! timeout 30 "$schedtop" "$@" 2>&1 | grep -Eq -- "$pattern"; then
		echo "FAILED: schedtop $*: /$pattern/ not printed"
		failed=1
	fi
}

expect 2 'no command'
for command in nonsense; do
	expect 2 "^?$command: unknown command" "$command"
done
expect 2 'no such option' --nonsense
expect 2 'no such option' run --nonsense -- true
expect 2 'no such option' doctor --duration=1
expect 2 'needs a value' run --duration
expect 2 'takes no value' run --batch=1 -- true
expect 2 "duration: 'x'" run --duration=x -- true
expect 2 'sample-hz' run --sample-hz=1000000 -- true
expect 2 'auto, ebpf, perf, proc or schedtrace' run --collector=x -- true
expect 2 'nothing to compare' compare -- true
expect 2 'nothing to compare' compare --variant=a -- true
expect 2 'same name' compare --variant=a --variant=a -- true
expect 2 'no program' compare --variant=a --variant=b
expect 2 'no KEY=VALUE' compare --variant=a:X --variant=b -- true
expect 2 'NAME:VALUE' compare --variant=a --variant=b --cpus=0 -- true
expect 2 'no variant of this name' compare --variant=a --variant=b --cpus=c:0 -- true
expect 2 'list of CPUs' compare --variant=a --variant=b --cpus=b:x -- true
expect 2 "rounds: '0'" compare --variant=a --variant=b --rounds=0 -- true
expect 2 'shorter than --duration' compare --variant=a --variant=b --duration=5 --timeout=1 -- true
expect 2 'no such preset' compare --preset=x -- true
expect 2 'nothing to compare' compare --preset=go-versions -- true
expect 2 'no figure is called stw.max.* stw.' compare --variant=a --variant=b --figures=stw.max -- true
expect 2 'assert: no figure' compare --variant=a --variant=b --assert='x ratio<2' -- true
expect 2 'baseline' compare --variant=a --variant=b --assert='stw.count a ratio<2' -- true
expect 2 "ready: 'tcp:0'" compare --variant=a --variant=b --ready=tcp:0 -- true
expect 2 'nothing is waited for' compare --variant=a --variant=b --ready-timeout=1 -- true
expect 2 "isolate: 'x'" compare --variant=a --variant=b --isolate=x -- true
expect 1 'No such file' compare --variant=a --variant=b --html="$tmp/nowhere/x.html" -- true
prints '^preempt.latency_ns.p99$' compare --figures=help
expect 2 'max-overhead' run --max-overhead=200 -- true
expect 2 'no file given' record
expect 2 'neither a process nor a program' record -o "$tmp/x"
expect 2 'both a process and a program' record -o "$tmp/x" -p 1 -- true
expect 1 'nothing is recorded without a file' run --batch --redact -- true
expect 1 'standard output has' run --batch -o - -- true
expect 1 'one stream' record -o - --rotate 1M -- true
expect 1 'flight recorder, which is off' record -o "$tmp/x" --trigger gap=1 -- true
expect 2 "trigger: 'x'" record -o "$tmp/x" --flight 5 --trigger x -- true
expect 2 "rotate: 'x'" record -o "$tmp/x" --rotate x -- true
expect 2 "bwlimit: '0'" record -o "$tmp/x" --bwlimit 0 -- true
for command in replay report snapshot; do
	expect 2 'no file given' "$command"
	expect 2 'more than one file' "$command" a b
	expect 1 'No such file' "$command" "$tmp/nothing"
done
expect 2 "follow: 'crunch' is not the number" snapshot --follow=crunch "$tmp/nothing"
expect 2 "follow: '0' is not the number" snapshot --follow=0 "$tmp/nothing"
expect 2 'at most 63 characters' snapshot --filter="$(printf 'x%.0s' {1..64})" "$tmp/nothing"
expect 2 'no such option' replay --find=x "$tmp/nothing"
expect 2 'a host and what to watch' remote
expect 2 'a host and what to watch' remote host
expect 2 'this is no host' remote -- -oProxyCommand=x true
expect 2 'no program' run
expect 2 'no program' run --batch --
expect 2 'one process id' attach
expect 2 'one process id' attach 1 2
expect 2 'no process id' attach twelve
expect 2 'no process id' -p 0
expect 2 'a process id and a setting' set
expect 2 'a process id and a setting' set 1
expect 2 'no process id' set x asyncpreemptoff=0
expect 2 'no SETTING=VALUE' set 1 asyncpreemptoff
expect 2 'no number' set 1 asyncpreemptoff=off
expect 1 'only 0 can be written' set --yes 1 asyncpreemptoff=1
expect 1 'only asyncpreemptoff' set --yes 1 gctrace=0
expect 1 'no such process' set --yes 4194305 asyncpreemptoff=0
expect 2 'one program' inspect
expect 2 'no operand' doctor now

# No such process: a number beyond pid_max can't be one.
expect 1 'no such process' attach --batch 4194305
expect 1 'no such process' -p 4194305 --batch
expect 1 '.' inspect 4194305
expect 1 'No such file' run --batch -- /nonexistent/program
expect 1 '.' run --batch -- "$tmp"
expect 1 '.' inspect /nonexistent/program
expect 1 '.' inspect "$tmp"

printf 'not a program' >"$tmp/text"
for command in replay report snapshot; do
	expect 1 '.' "$command" "$tmp/text"
done
expect 1 '.' inspect "$tmp/text"
chmod +x "$tmp/text"
# An ELF header for an architecture that isn't ours (EM_S390, big-endian).
printf '\177ELF\002\002\001\000\000\000\000\000\000\000\000\000\000\002\000\026\000\000\000\001' >"$tmp/s390"
head -c 100 /dev/zero >>"$tmp/s390"
chmod +x "$tmp/s390"
expect 1 '.' inspect "$tmp/s390"
# Names act on no terminal.
evil=$tmp/$'\e[2J'
expect 1 'x1b\[2J' inspect "$evil"
if grep -q $'\e' "$tmp/err"; then
	echo "FAILED: an escape sequence of a name reached the terminal"
	failed=1
fi

prints '^schedtop [0-9]' --version
prints '^schedtop [0-9]' run --version
for command in run attach record replay report snapshot remote compare set inspect doctor; do
	prints "^Usage: schedtop $command" "$command" --help
done
prints '^Usage: schedtop COMMAND' --help

# Unwritable output.
"$schedtop" --help >/dev/full 2>"$tmp/err"
if [ $? -ne 1 ] || ! grep -q '^schedtop: standard output: ' "$tmp/err"; then
	echo "FAILED: a full disk under --help"
	failed=1
fi

"$schedtop" --help >&- 2>"$tmp/err"
if [ $? -ne 1 ] || ! grep -q '^schedtop: standard output: ' "$tmp/err"; then
	echo "FAILED: a closed standard output under --help"
	failed=1
fi

# BPF without privileges: refused in words. As root the kernel refuses nothing, so another user tries.
if [ "$(id -u)" -eq 0 ] && command -v setpriv >/dev/null; then
	cp "$schedtop" "$tmp/schedtop"
	chmod 755 "$tmp" "$tmp/schedtop"
	timeout 30 setpriv --reuid=65534 --regid=65534 --clear-groups "$tmp/schedtop" run --batch --collector=ebpf -- true >"$tmp/out" 2>"$tmp/err"
	if [ $? -ne 1 ] || ! grep -q '^schedtop: ' "$tmp/err"; then
		echo "FAILED: without privileges: $(cat "$tmp/err")"
		failed=1
	fi
fi

[ $failed -eq 0 ] && echo "all as expected"
exit $failed
