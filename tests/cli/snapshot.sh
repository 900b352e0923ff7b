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
		"$schedtop" snapshot "$@" "$data/gcstorm.cap" >"$golden"
		return
	fi
	if ! "$schedtop" snapshot "$@" "$data/gcstorm.cap" | diff -u "$golden" -; then
		echo "FAILED: $name: schedtop snapshot $*"
		failed=1
	fi
}

frame cpus-120x40.txt
frame ps-100x30.txt --size 100x30 --view ps,scheduler
frame goroutines-80x24.txt --size 80x24 --view goroutines,goroutines --at 200ms --window 50ms
frame threads-ascii-60x20.txt --size 60x20 --view threads,verdicts --ascii
[ $failed -eq 0 ] && echo "all as expected"
exit $failed
