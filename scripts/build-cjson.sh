#!/bin/bash
# SPDX-License-Identifier: GPL-2.0-only
# Builds a static cJSON from Debian's source package, because Debian ships no static archive of it.
#
#   scripts/build-cjson.sh OUTDIR
#
# Afterwards OUTDIR has lib/libcjson.a and include/cjson/cJSON.h. A second call with the same script does nothing.
set -euo pipefail

[ $# -eq 1 ] || { echo "usage: build-cjson.sh OUTDIR" >&2; exit 2; }
top=$(cd "$(dirname "$0")/.." && pwd)
mkdir -p "$1"
out=$(cd "$1" && pwd)
stamp=$(sha256sum <"$0")

exec 9>"$out/.lock"
flock 9
if [ -f "$out/.stamp" ] && [ "$(cat "$out/.stamp")" = "$stamp" ]; then
	exit 0
fi

work=$(mktemp -d "${TMPDIR:-/tmp}/cjson.XXXXXX")
trap 'rm -rf "$work"' EXIT
echo "build-cjson: fetching and building Debian's cjson source package" >&2
(cd "$work" && "$top/scripts/debian-source" cjson) || exit 1
tree=$(find "$work" -maxdepth 1 -type d -name 'cjson-*' | head -n 1)
[ -n "$tree" ] || { echo "build-cjson: the source package holds no cjson-* folder" >&2; exit 1; }
gcc -std=c89 -O2 -g -fPIC -fstack-protector-strong -c "$tree/cJSON.c" -o "$work/cJSON.o"
mkdir -p "$out/lib" "$out/include/cjson"
rm -f "$out/lib/libcjson.a"
ar rcs "$out/lib/libcjson.a" "$work/cJSON.o"
install -m 644 "$tree/cJSON.h" "$out/include/cjson/"
echo "$stamp" >"$out/.stamp"
