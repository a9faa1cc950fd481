#!/usr/bin/env bash
# Installs cfn-lint in a Python environment of its own, and prints the path of the program.
set -euo pipefail

version=1.51.0
directory=${XDG_CACHE_HOME:-$HOME/.cache}/rolebridge/cfn-lint-$version
if [[ ! -x $directory/bin/cfn-lint ]]; then
  rm -rf "$directory"
  python3 -m venv "$directory" >&2
  "$directory/bin/pip" install --quiet --disable-pip-version-check "cfn-lint==$version" >&2 || { rm -rf "$directory"; exit 1; }
fi
echo "$directory/bin/cfn-lint"
