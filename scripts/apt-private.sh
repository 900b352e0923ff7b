# SPDX-License-Identifier: GPL-2.0-only
# shellcheck shell=bash
# To be sourced: apt on a state of its own, so that neither the machine's package database nor its sources are touched and
# no root is needed. Mirror and keyring are the ones of the machine's own apt sources; apt verifies signatures and
# checksums as always. The caller sets $cache, the folder for it, and has a function die; apt_types=deb-src in its environment fetches lists of source packages.

# Prints the entries of the machine's apt sources as "URI <tab> suites <tab> components <tab> keyring" (empty if unnamed).
apt_entries()
{
	local file
	for file in /etc/apt/sources.list.d/*.sources; do
		[ -f "$file" ] || continue
		awk -v RS= -F'\n' '{
			uri = suites = comps = key = ""; enabled = 1; deb = 0
			for (i = 1; i <= NF; i++) {
				if ($i ~ /^#/) continue
				at = index($i, ":"); name = tolower(substr($i, 1, at - 1)); val = substr($i, at + 1)
				gsub(/^[ \t]+|[ \t]+$/, "", val)
				if (name == "types") deb = (" " val " ") ~ / deb /
				else if (name == "uris") { split(val, u, /[ \t]+/); uri = u[1] }
				else if (name == "suites") suites = val
				else if (name == "components") comps = val
				else if (name == "signed-by" && val ~ /^\//) key = val
				else if (name == "enabled" && tolower(val) == "no") enabled = 0
			}
			if (deb && enabled) printf "%s\t%s\t%s\t%s\n", uri, suites, comps, key
		}' "$file"
	done
	for file in /etc/apt/sources.list /etc/apt/sources.list.d/*.list; do
		[ -f "$file" ] || continue
		awk '$1 == "deb" {
			key = ""; line = $0
			if (match(line, /\[[^]]*\]/)) {
				opts = substr(line, RSTART + 1, RLENGTH - 2)
				line = substr(line, 1, RSTART - 1) substr(line, RSTART + RLENGTH)
				if (match(opts, /signed-by=[^ ]+/)) key = substr(opts, RSTART + 10, RLENGTH - 10)
			}
			n = split(line, f, /[ \t]+/); comps = ""
			for (i = 4; i <= n; i++) comps = comps " " f[i]
			printf "%s\t%s\t%s\t%s\n", f[2], f[3], comps, key
		}' "$file"
	done
}

# The name of the Debian release that this machine runs.
codename()
{
	sed -n 's/^VERSION_CODENAME=//p' /etc/os-release
}

# Sets mirror and keyring to those of the entry that carries this release's main component.
find_archive()
{
	local release uri suites comps key
	release=$(codename)
	while IFS=$'\t' read -r uri suites comps key; do
		[[ " $suites " =~ " "($release|stable)" " && " $comps " == *" main "* ]] || continue
		mirror=$uri
		keyring=${key:-/usr/share/keyrings/debian-archive-keyring.gpg}
		return 0
	done < <(apt_entries | sed 's/\t\t/\t \t/g')
	die "no Debian archive in /etc/apt: add one to the apt sources"
}

# apt on a private state: apt_private SUITE KEYRING COMMAND...
apt_private()
{
	local suite=$1 key=$2 dir=$cache/apt/$1
	shift 2
	mkdir -p "$dir"/{lists/partial,cache/archives/partial,parts}
	: >"$dir/status"
	printf '%s [signed-by=%s] %s %s main\n' "${apt_types:-deb}" "$key" "$mirror" "$suite" >"$dir/sources.list"
	cat >"$dir/apt.conf" <<-END
		Dir::Etc::sourcelist "$dir/sources.list";
		Dir::Etc::sourceparts "$dir/parts";
		Dir::Etc::preferences "$dir/parts/preferences";
		Dir::Etc::preferencesparts "$dir/parts";
		Dir::State "$dir";
		Dir::State::lists "$dir/lists";
		Dir::State::status "$dir/status";
		Dir::Cache "$dir/cache";
		APT::Sandbox::User "root";
		APT::Get::List-Cleanup "false";
		Acquire::Languages "none";
		Acquire::Retries "3";
		#clear APT::Update::Pre-Invoke;
		#clear APT::Update::Post-Invoke;
		#clear APT::Update::Post-Invoke-Success;
	END
	apt-get -q -c "$dir/apt.conf" "$@" >&2
}

# Brings the lists of a suite up to date. Where the machine's keyring is older than the suite's signing key, the newer
# keyring package is taken from this release, which the old one verifies.
update_lists()
{
	local suite=$1 release newer=$cache/apt/keyring
	apt_private "$suite" "$keyring" update --error-on=any && return
	release=$(codename)
	[ "$suite" != "$release" ] || return 1
	echo "apt-private: $suite can't be verified or reached; trying with the newest archive keyring" >&2
	mkdir -p "$newer"
	(cd "$newer" && rm -f ./*.deb &&
		apt_private "$release" "$keyring" update --error-on=any &&
		apt_private "$release" "$keyring" download debian-archive-keyring &&
		dpkg-deb -x ./debian-archive-keyring_*.deb .) || return 1
	keyring=$newer/usr/share/keyrings/debian-archive-keyring.gpg
	apt_private "$suite" "$keyring" update --error-on=any
}
