#!/usr/bin/env bash
# Writes the lock files of requirements/ anew: exact versions and sha256 hashes, no addresses.
# `make lock` keeps what is locked; `make lock UPGRADE=1` takes the newest versions allowed.
set -euo pipefail
cd "$(dirname "$0")/.."

tool=build/lock-tool
[ -x "$tool/bin/uv" ] || { python3 -m venv "$tool" && "$tool/bin/pip" install --quiet uv; }

compile() { # NAME ARGUMENT...
    local name=$1
    shift
    "$tool/bin/uv" pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
        --no-annotate --no-emit-index-url --no-emit-find-links ${UPGRADE:+--upgrade} \
        --output-file "requirements/$name.lock" "$@"
}

compile base pyproject.toml --group build
compile test pyproject.toml --extra test --group build -c requirements/base.lock
compile dev pyproject.toml --extra test --extra dev --group build -c requirements/test.lock
compile load pyproject.toml --extra load --group build -c requirements/base.lock
compile node --group node
if grep -n "://" requirements/*.lock; then
    echo "a lock file holds an address" >&2
    exit 1
fi
wc -l requirements/*.lock

# Completes the npm lock files; `npm install` in their folders is what changes them.
python3 scripts/npm_lock.py $(for folder in web tests/interop loadtests/peers; do [ -f $folder/package-lock.json ] && echo $folder; done)
