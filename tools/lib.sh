# Shared by the commands of ./dev; sourced with the top of the tree as working directory.
# shellcheck shell=bash

export PYTHON=/usr/bin/python3
export PYTHONDONTWRITEBYTECODE=1
# Names in all scripts are passed to programs and written to files whatever the locale is.
export PYTHONUTF8=1

die() {
	printf 'dev: %s\n' "$*" >&2
	exit 1
}

say() {
	printf '%s\n' "$*" >&2
}

# The packages of the named groups of deps/packages.
packages_of() {
	local group
	for group in "$@"; do
		sed -n "s/^$group: //p" deps/packages
	done | tr ' ' '\n' | sort -u
}

# Whether ./dev has made the library; tools/build-sqlite knows whether it is the right one.
has_sqlite() {
	[ -f build/deps/sqlite3mc/recipe ]
}

# Installs the packages of the named groups that are missing: as root, with sudo, or not at all (then the apt line is printed).
# A first build needs those of "sqlite" too: all are asked for at once.
need_packages() {
	local package missing=() sudo=() groups=("$@")
	local installed
	[[ " $* " != *" build "* ]] || has_sqlite || groups+=(sqlite)
	installed=$(dpkg-query -W -f '${db:Status-Abbrev}${Package}\n' 2>/dev/null | sed -n 's/^ii //p')
	for package in $(packages_of "${groups[@]}"); do
		grep -qx -- "$package" <<<"$installed" || missing+=("$package")
	done
	has_foreign_node && without_node
	[ ${#missing[@]} -eq 0 ] && return
	if [ "$(id -u)" -ne 0 ]; then
		if ! command -v sudo >/dev/null || ! sudo -n true 2>/dev/null && [ ! -t 0 ]; then
			say "These Debian packages are missing. As root, run:"
			say "  apt-get install -y --no-install-recommends ${missing[*]}"
			exit 1
		fi
		sudo=(sudo)
	fi
	say "installing ${#missing[@]} packages: ${missing[*]}"
	install_packages "${missing[@]}"
}

# Node and npm from elsewhere serve as well as Debian's.
has_foreign_node() {
	command -v node >/dev/null && command -v npm >/dev/null
}

without_node() {
	local kept=() package
	for package in "${missing[@]}"; do
		case $package in nodejs | npm) ;; *) kept+=("$package") ;; esac
	done
	missing=("${kept[@]}")
}

# What is installed here must not start by itself, nor ask: tests start their own servers.
policy=/usr/sbin/policy-rc.d
hold_services() {
	[ ! -e "$policy" ] || return 0
	printf '#!/bin/sh\nexit 101\n' | "${sudo[@]}" tee "$policy" >/dev/null
	"${sudo[@]}" chmod 755 "$policy"
	trap 'release_services' EXIT
	if ! dpkg-query -W postfix >/dev/null 2>&1; then
		echo 'postfix postfix/main_mailer_type select No configuration' | "${sudo[@]}" debconf-set-selections
	fi
}
release_services() {
	[ -z "$(trap -p EXIT)" ] || "${sudo[@]}" rm -f "$policy"
	trap - EXIT
}

install_packages() {
	local log=build/apt.log
	mkdir -p build
	export DEBIAN_FRONTEND=noninteractive
	hold_services
	local options=(-y -q --no-install-recommends -o Dpkg::Use-Pty=0)
	if ! "${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install "${options[@]}" "$@" >"$log" 2>&1; then
		"${sudo[@]}" apt-get update -q >>"$log" 2>&1 || true
		"${sudo[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install "${options[@]}" "$@" >>"$log" 2>&1 || {
			tail -n 20 "$log" >&2
			die "apt-get failed; the whole log is in $log"
		}
	fi
	release_services
}

compiler() {
	if command -v ccache >/dev/null; then printf 'ccache %s' "$1"; else printf '%s' "$1"; fi
}

# build_dir NAME COMPILER MESON-OPTIONS…: configures build/NAME once.
build_dir() {
	local name=$1 cc=$2
	shift 2
	tools/build-sqlite
	tools/build-web
	[ -f "build/$name/build.ninja" ] && return
	mkdir -p build
	CC=$(compiler "$cc") meson setup "build/$name" "$@" >"build/$name.setup.log" 2>&1 || {
		tail -n 20 "build/$name.setup.log" >&2
		die "meson setup failed; the whole log is in build/$name.setup.log"
	}
}

# build_quietly NAME TARGETS…: says only what went wrong.
build_quietly() {
	local name=$1 log
	shift
	log=build/$name/ninja.log
	[ -z "$(ninja -n -C "build/$name" "$@" 2>/dev/null | sed -n '/no work to do/d; /Entering directory/d; p')" ] || say "building $name"
	ninja -C "build/$name" "$@" >"$log" 2>&1 || {
		grep -v '^\[' "$log" >&2 || true
		die "the build failed"
	}
}
