#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Every command and option that --help shows is in the manual page. Arguments: schedtop, the page's source.
set -u

schedtop=$1 page=$2
failed=0
seen=0
for command in '' run attach export compare set inspect doctor; do
	# shellcheck disable=SC2086 # an empty command is no argument
	for option in $("$schedtop" $command --help | grep -Eo '^  (-[a-zA-Z], |    )--[a-z-]+' | grep -Eo -- '--[a-z-]+'); do
		seen=$((seen + 1))
		# scdoc: hyphens stand for themselves, emphasis is marked with stars.
		if ! grep -q -- "^\*.*$option" "$page"; then
			echo "FAILED: $option (schedtop $command --help) isn't in the manual page"
			failed=1
		fi
	done
	if [ -n "$command" ] && ! grep -q "^\*schedtop $command\*" "$page"; then
		echo "FAILED: schedtop $command isn't in the manual page"
		failed=1
	fi
done
if [ $seen -lt 15 ]; then
	echo "FAILED: only $seen options were found in --help: this test looks at nothing"
	failed=1
fi
[ $failed -eq 0 ] && echo "$seen options found"
exit $failed
