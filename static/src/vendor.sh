#!/bin/sh
# Rebuilds static/vendor and tests/browser/vendor from the lock file, byte for byte; needs Node 20.11 or newer.
# Works in build/vendor so that no node_modules folder ever lies under static/.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
root=$(cd "$here/../.." && pwd)
work="$root/build/vendor"
mkdir -p "$work"
cp "$here"/package.json "$here"/package-lock.json "$here"/*.js "$here"/build.mjs "$work"/
cd "$work"
npm ci --ignore-scripts --no-audit --no-fund
node build.mjs "$root/static/vendor" "$root/tests/browser/vendor"
