#!/usr/bin/env bash
# Installs Schemathesis in a Python environment of its own, and prints the path of the program.
set -euo pipefail

version=4.32.5
directory=${XDG_CACHE_HOME:-$HOME/.cache}/rolebridge/schemathesis-$version
if [[ ! -x $directory/bin/schemathesis ]]; then
  rm -rf "$directory"
  python3 -m venv "$directory" >&2
  "$directory/bin/pip" install --quiet --disable-pip-version-check "schemathesis==$version" >&2 || { rm -rf "$directory"; exit 1; }
fi
echo "$directory/bin/schemathesis"
