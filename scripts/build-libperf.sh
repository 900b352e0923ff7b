#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds libperf from Debian's kernel source package, because Debian ships the library itself in no package.
#
#   scripts/build-libperf.sh OUTDIR
#
# Afterwards OUTDIR has lib/libperf.a, lib/libapi.a (link them in this order) and include/perf/*.h. A second call with the
# same source package and the same script does nothing.
set -euo pipefail

[ $# -eq 1 ] || { echo "usage: build-libperf.sh OUTDIR" >&2; exit 2; }
shopt -s nullglob
sources=(/usr/src/linux-source-*.tar.xz)
if [ ${#sources[@]} -eq 0 ]; then
	echo "build-libperf: no kernel source in /usr/src: apt-get install linux-source-6.1" >&2
	exit 1
fi
source=${sources[-1]}
tree=$(basename "$source" .tar.xz)

mkdir -p "$1"
out=$(cd "$1" && pwd)
stamp="$(stat -c '%n %s %Y' "$source") $(sha256sum <"$0")"

exec 9>"$out/.lock"
flock 9
if [ -f "$out/.stamp" ] && [ "$(cat "$out/.stamp")" = "$stamp" ]; then
	exit 0
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/libperf.XXXXXX")
trap 'rm -rf "$work"' EXIT
echo "build-libperf: unpacking and building tools/lib/perf of $tree" >&2
tar -C "$work" -xf "$source" --wildcards "$tree"/tools/{build,include,scripts}/'*' "$tree"/tools/lib/'*' \
	"$tree"/tools/arch/'*'/include/'*' "$tree"/scripts/'*.include'
mkdir "$work/obj"
if ! env -u CFLAGS -u LDFLAGS -u MAKEFLAGS make -C "$work/$tree/tools/lib/perf" O="$work/obj/" CC=gcc \
	"$work/obj/libperf.a" "$work/obj/libapi.a" >"$work/log" 2>&1; then
	tail -n 20 "$work/log" >&2
	exit 1
fi

mkdir -p "$out/lib" "$out/include/perf"
install -m 644 "$work/obj/libperf.a" "$work/obj/libapi.a" "$out/lib/"
install -m 644 "$work/$tree"/tools/lib/perf/include/perf/*.h "$out/include/perf/"
echo "$stamp" >"$out/.stamp"
