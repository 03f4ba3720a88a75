#!/usr/bin/env bash
# Install the Debian packages of deploy/apt-packages.txt that are missing: install-packages.sh [SECTION...]
# Sections are run, demo, test and examples; without one, all. The packages' daemons are not started: we want the programs.
set -euo pipefail
cd "$(dirname "$0")"

wanted() {
    awk -v sections=" ${*:-run demo test examples} " '
        /^# [a-z]+:/ { name = substr($2, 1, length($2) - 1); take = index(sections, " " name " ") }
        /^[^#]/ && NF && take { print $1 }
    ' apt-packages.txt
}

missing=()
for package in $(wanted "$@"); do
    state=$(dpkg-query --show --showformat='${db:Status-Status}' "$package" 2>/dev/null || true)
    [ "$state" = installed ] || missing+=("$package")
done
[ "${#missing[@]}" -gt 0 ] || exit 0

if [ "$(id -u)" -ne 0 ]; then
    echo "missing packages, install them as root: apt-get install ${missing[*]}" >&2
    exit 1
fi
if [ ! -e /usr/sbin/policy-rc.d ]; then
    printf '#!/bin/sh\nexit 101\n' > /usr/sbin/policy-rc.d
    chmod +x /usr/sbin/policy-rc.d
    trap 'rm -f /usr/sbin/policy-rc.d' EXIT
fi
export DEBIAN_FRONTEND=noninteractive
echo "installing ${missing[*]}"
apt-get update -qq
apt-get install -qq --yes --no-install-recommends "${missing[@]}" > /dev/null
