#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Every command and option that --help shows is in the manual page, and every key of the screen with the text that the help
# there has. Arguments: schedtop, the page's source, the table of keys (tui/actions.h).
set -u

schedtop=$1 page=$2 keys=$3
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

n_keys=0
while IFS=$'\t' read -r names help; do
	n_keys=$((n_keys + 1))
	want="*${names// /*, *}*"$'\n\t'"${help^}."
	if [[ $(<"$page") != *$'\n'"$want"* ]]; then
		echo "FAILED: the key '$names' isn't in the manual page with the text '${help^}.'"
		failed=1
	fi
done < <(tr '\n\\' '  ' <"$keys" | grep -oP 'X\((?!ID,)[A-Z_]+, [^"]*?"[^"]+", +"[^"]+"\)' | sed -E 's/^[^"]*"([^"]+)", +"([^"]+)"\)$/\1\t\2/')
if [ $n_keys -lt 40 ]; then
	echo "FAILED: only $n_keys keys were found in $keys: this test looks at nothing"
	failed=1
fi
[ $failed -eq 0 ] && echo "$seen options found"
exit $failed
