#!/usr/bin/env bash
# Undo `make demo` and `make up`: containers, services, registry, and what was not there before them.
set -euo pipefail
cd "$(dirname "$0")/../.."
export PATH="$PWD/.venv/bin:$PATH"

if [ -x .venv/bin/strata ]; then
    strata down --containers
    python -m tests.demo.registry down
fi
if [ -e .cache/demo-found ]; then
    grep -qx state .cache/demo-found || rm -rf /var/lib/strata /run/strata
    grep -qx user .cache/demo-found || userdel strata 2>/dev/null || true
    rm .cache/demo-found
fi
