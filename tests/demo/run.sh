#!/usr/bin/env bash
# The main job before your eyes: real Debian images, a real registry, two releases on one kernel.
# `make demo` calls this once everything it needs is installed; `make down` takes it all away again.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH="$PWD/.venv/bin:$PATH"

if [ -t 1 ]; then bold=$'\e[1m' dim=$'\e[2m' green=$'\e[32m' plain=$'\e[0m'; else bold='' dim='' green='' plain=''; fi
chapter() { printf '\n%s%s%s\n' "$bold" "$*" "$plain"; }
tell() { printf '%s%s%s\n' "$dim" "$*" "$plain"; }
try() { printf '%s$ strata%s%s\n' "$green" "$(quoted "$@")" "$plain"; strata "$@"; }
quoted() {
    local word
    for word in "$@"; do
        case $word in *[!A-Za-z0-9_.:,/=@-]*) printf " '%s'" "$word" ;; *) printf ' %s' "$word" ;; esac
    done
}
failed() { printf '\nThe demo stopped. The services tell more in /var/lib/strata/logs; `make down` cleans up.\n' >&2; }
trap failed ERR

[ "$(id -u)" = 0 ] || { echo 'make demo needs root: containers are made of mounts, namespaces and cgroups.' >&2; exit 1; }

# What `make down` may remove is what was not there before the first `make demo`.
mkdir -p .cache
[ -e .cache/demo-found ] || {
    { [ -e /var/lib/strata ] && echo state; getent passwd strata >/dev/null && echo user; true; } > .cache/demo-found
}

chapter '1. Real images of two Debian releases, made here by mmdebstrap'
python -m tests.demo.registry up
registry=$(cat .cache/demo/address)
tell "They are in a registry at $registry now."

chapter '2. The suite: registry proxy, layer store, runtime, gateway'
strata up

chapter '3. Pull'
try pull "$registry/debian:bookworm"
try pull "$registry/debian:trixie"
try pull "$registry/python:bookworm"
tell 'python:bookworm has the base of debian:bookworm: that layer was here already.'
try images

chapter '4. Two distributions, one kernel'
who='. /etc/os-release; echo "$PRETTY_NAME, kernel $(uname -r)"'
try run --rm "$registry/debian:bookworm" sh -c "$who"
try run --rm "$registry/debian:trixie" sh -c "$who"

chapter '5. A container of its own'
strata rm --force one two >/dev/null 2>&1 || true
try run --detach --name one "$registry/debian:bookworm" sleep infinity
try run --detach --name two "$registry/debian:bookworm" sleep infinity
try exec one ps -e -o pid,user,args
try exec one sh -c 'echo "changed in one" > /etc/motd'
try exec one cat /etc/motd
tell 'Its sibling does not see that, and neither does the image:'
try exec two sh -c 'wc -c < /etc/motd'
try run --rm "$registry/debian:bookworm" sh -c 'wc -c < /etc/motd'
try diff one

chapter '6. What is shared'
try system df
tell 'Each layer is stored once, mounted once, and cached once in memory, whoever uses it.'
try ps

chapter 'Go on'
cat <<END
  $PWD/.venv/bin/strata run -it $registry/debian:trixie
  $PWD/.venv/bin/strata run -it ubuntu bash        (with a network: Docker Hub)
  $PWD/.venv/bin/strata --help
  make down                                         (stops and removes all of this)
END
