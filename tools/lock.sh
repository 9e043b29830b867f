#!/bin/sh
# Resolve requirements.lock anew for every platform and Python we support. Words are handed on to uv (--upgrade, -P name).
# The lock names packages and their hashes only: whoever installs decides which index they come from.
set -eu
cd "$(dirname "$0")/.."
exec "$(command -v .venv/bin/uv || command -v uv)" pip compile pyproject.toml --extra dev --universal --python-version 3.11 \
    --generate-hashes --no-emit-index-url --no-emit-find-links --custom-compile-command ".venv/bin/poe lock" --quiet \
    -o requirements.lock "$@"
