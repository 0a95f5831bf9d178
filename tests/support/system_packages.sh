#!/bin/sh
# Installs what the tests need beside Python and is not there: on Debian as root, else it says what.
set -eu

missing=""
command -v chromium >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 || missing="chromium"
command -v strace >/dev/null 2>&1 || missing="$missing strace"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
	echo "Installing $missing for the tests"
	export DEBIAN_FRONTEND=noninteractive
	apt-get update -qq
	apt-get install -qq -y --no-install-recommends $missing >/dev/null
else
	echo "The tests need: $missing. Install it with your package manager and try again." >&2
	exit 1
fi
