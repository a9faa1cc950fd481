#!/usr/bin/env bash
# Installs the boto3 of PyPI in a Python environment of its own, and prints the path of its Python.
# test/wire/boto3/requirements.txt pins every package by version and hash.
set -euo pipefail

requirements=$(dirname "$(readlink -f "$0")")/boto3/requirements.txt
directory=${XDG_CACHE_HOME:-$HOME/.cache}/rolebridge/boto3-$(sha256sum <"$requirements" | cut -c1-16)
# `installed` is written last: a directory without it is installed again.
if [[ ! -e $directory/installed ]]; then
  rm -rf "$directory"
  python3 -m venv "$directory" >&2
  "$directory/bin/pip" install --quiet --disable-pip-version-check --only-binary :all: --require-hashes --requirement "$requirements" >&2
  touch "$directory/installed"
fi
echo "$directory/bin/python"
