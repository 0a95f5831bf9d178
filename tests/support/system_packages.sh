#!/bin/sh
# Installs what the tests need beside Python and is not there: on Debian as root, else it says what.
set -eu

missing=""
command -v chromium >/dev/null 2>&1 || command -v google-chrome >/dev/null 2>&1 || missing="chromium"
command -v strace >/dev/null 2>&1 || missing="$missing strace"
command -v redis-server >/dev/null 2>&1 || missing="$missing redis-server"
command -v nginx >/dev/null 2>&1 || [ -x /usr/sbin/nginx ] || missing="$missing nginx-light"
# Debian keeps the server's programs, one folder per version, beside the PATH.
command -v postgres >/dev/null 2>&1 || ls /usr/lib/postgresql/*/bin/postgres >/dev/null 2>&1 ||
	missing="$missing postgresql"
[ -n "$missing" ] || exit 0

if [ "$(id -u)" -eq 0 ] && command -v apt-get >/dev/null 2>&1; then
	echo "Installing $missing for the tests"
	export DEBIAN_FRONTEND=noninteractive
	# The tests start servers of their own, so none needs to run on this machine: a Debian package
	# asks this program before it starts its service.
	policy=/usr/sbin/policy-rc.d
	if [ ! -e "$policy" ]; then
		trap 'rm -f "$policy"' EXIT
		printf '#!/bin/sh\nexit 101\n' >"$policy"
		chmod +x "$policy"
	fi
	apt-get update -qq
	apt-get install -qq -y --no-install-recommends $missing >/dev/null
else
	echo "The tests need: $missing. Install it with your package manager and try again." >&2
	exit 1
fi
