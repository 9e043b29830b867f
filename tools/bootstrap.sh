#!/bin/sh
# Make .venv what requirements.lock says, with this checkout installed in it. Safe to repeat; at once when nothing changed.
# Needs only a Python 3.11, 3.12 or 3.13. Uses uv where it is; elsewhere brings it into .venv, pinned by the same lock.
set -eu

cd "$(dirname "$0")/.."
root=$(pwd -P)
venv=.venv
stamp=$venv/.bootstrapped
wanted="$(cat requirements.lock pyproject.toml tools/bootstrap.sh | cksum) $root"

say() { printf 'somastack: %s\n' "$*" >&2; }
fail() { say "$*"; exit 1; }

# Whether a command is a Python we can use.
usable() {
    "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] < (3, 14))' >/dev/null 2>&1
}

# The first usable Python of the usual names.
find_python() {
    for name in ${PYTHON:-} python3 python3.12 python3.13 python3.11 python; do
        if usable "$name"; then
            echo "$name"
            return
        fi
    done
}

# Make an empty virtual environment.
make_venv() {
    python=$(find_python)
    rm -rf "$venv"
    if [ -n "$python" ] && "$python" -c 'import ensurepip, venv' >/dev/null 2>&1; then
        say "making $venv with $("$python" --version 2>&1)"
        "$python" -m venv "$venv" || fail "$python could not make a virtual environment in $root/$venv; its message is above."
    elif command -v uv >/dev/null 2>&1; then
        say "making $venv with uv"
        uv venv --quiet --seed --python "${python:->=3.11,<3.14}" "$venv" || fail "uv found no Python 3.11, 3.12 or 3.13; install one and run this again."
    elif [ -z "$python" ]; then
        fail "there is no Python 3.11, 3.12 or 3.13 here; install one (Debian and Ubuntu: apt-get install python3 python3-venv; macOS: brew install python@3.12) and run this again."
    else
        version=$("$python" -c 'import sys; print("%d.%d" % sys.version_info[:2])')
        fail "$python cannot make virtual environments; install its package for that (Debian and Ubuntu: apt-get install python$version-venv) and run this again."
    fi
}

# The uv to use: the one of this machine, else the one of the lock, brought by pip. Nothing when neither can be had.
find_uv() {
    if [ -x "$venv/bin/uv" ]; then
        echo "$venv/bin/uv"
    elif command -v uv >/dev/null 2>&1; then
        command -v uv
    else
        say "bringing the installer"
        pin=$(mktemp)
        awk '/^[a-z0-9]/ { mine = /^uv==/ } mine' requirements.lock >"$pin"
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r "$pin" >&2 && echo "$venv/bin/uv"
        rm -f "$pin"
    fi
}

# Install the lock and this checkout, with uv or, where that fails, with pip.
install_all() {
    uv=$(find_uv || true)
    count=$(grep -c '^[a-z0-9].*==' requirements.lock)
    say "installing up to $count packages from requirements.lock"
    if [ -n "$uv" ] && "$uv" pip install --quiet --python "$venv/bin/python" --compile-bytecode --require-hashes -r requirements.lock; then
        say "installing this checkout"
        "$uv" pip install --quiet --python "$venv/bin/python" --no-deps --no-build-isolation --reinstall-package somastack -e . && return
    fi
    say "trying once more with pip; this takes longer"
    "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock &&
        "$venv/bin/python" -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e . && return
    fail "the packages could not be installed; the messages above say why (a network or a package index that can be reached is needed once)."
}

if [ -f "$stamp" ] && [ "$(cat "$stamp")" = "$wanted" ] && [ -x "$venv/bin/python" ]; then
    exit 0
fi
begun=$(date +%s)
# A checkout that was moved or copied has scripts that point to its old place.
if ! usable "$venv/bin/python" || { [ -f "$stamp" ] && [ "$(cut -d' ' -f3- "$stamp")" != "$root" ]; }; then
    make_venv
fi
rm -f "$stamp"
install_all
printf '%s\n' "$wanted" >"$stamp"
say "ready after $(($(date +%s) - begun)) s"
