#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Frames of a committed capture, against committed ones: tests/cli/snapshot.sh SCHEDTOP DATADIR
# UPDATE_GOLDEN=1 writes them anew.
set -u
schedtop=$1
data=$2
export LC_ALL=C.UTF-8
failed=0

frame()
{
	local name=$1 golden=$data/frames/$1
	shift
	if [ -n "${UPDATE_GOLDEN:-}" ]; then
		mkdir -p "$data/frames"
		"$schedtop" snapshot "$@" "${files[@]}" >"$golden"
		return
	fi
	if ! "$schedtop" snapshot "$@" "${files[@]}" | diff -u "$golden" -; then
		echo "FAILED: $name: schedtop snapshot $* ${files[*]}"
		failed=1
	fi
}

files=("$data/gcstorm.cap")
frame cpus-120x40.txt
frame ps-100x30.txt --size 100x30 --view ps,scheduler
frame goroutines-80x24.txt --size 80x24 --view goroutines,goroutines --at 200ms --window 50ms
frame threads-ascii-60x20.txt --size 60x20 --view threads,verdicts --ascii
# What is asked for; text has no colours, so what is dimmed has characters of its own.
frame find-120x40.txt --find collector --view cpus,events
frame find-nothing-80x24.txt --size 80x24 --find nothing.like.that
frame filter-goroutines-100x30.txt --size 100x30 --view goroutines,goroutines --filter planter
frame filter-ascii-80x24.txt --size 80x24 --view threads,threads --filter planter --ascii
frame follow-ps-120x40.txt --view ps,events --follow G20 --at 300ms --window 100ms
frame follow-unknown-80x24.txt --size 80x24 --follow 4242
frame events-80x24.txt --size 80x24 --view goroutines,events --window 10ms
# Side by side.
files=("$data/tightloop-on.cap" "$data/tightloop-off.cap")
frame compare-120x40.txt --view compare
frame compare-80x24.txt --size 80x24 --view compare
frame compare-ps-ascii-80x24.txt --size 80x24 --view compare,ps --ascii --window 400ms
frame compare-filter-120x40.txt --view compare --filter cruncher --find G20
frame compare-follow-120x40.txt --view compare,ps --follow 20
frame compare-too-small-60x12.txt --size 60x12 --view compare
files+=("$data/gcstorm.cap" "$data/tightloop-off.cap")
frame compare-four-160x30.txt --size 160x30 --view compare
if "$schedtop" snapshot "${files[@]}" >/dev/null 2>&1; then
	echo "FAILED: several captures are shown without --view compare"
	failed=1
fi
[ $failed -eq 0 ] && echo "all as expected"
exit $failed
