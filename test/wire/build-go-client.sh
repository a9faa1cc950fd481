#!/usr/bin/env bash
# Builds a program of the tests in Go once, and again when its sources change. Modules come by Go's proxy, pinned by go.sum.
#   build-go-client.sh [DIRECTORY]      prints the path of the program
# Directories: go (AWS SDK for Go v2; the default) and go-base (the authentication library of Terraform).
set -euo pipefail
directory=${1:-go}
cd "$(dirname "$0")/$directory"

state=$(cat go.mod go.sum main.go | sha256sum | cut -c1-16)
program=${XDG_CACHE_HOME:-$HOME/.cache}/rolebridge/caller-identity-$directory-$state
if [[ ! -x $program ]]; then
  mkdir -p "$(dirname "$program")"
  draft=$(mktemp "$program.XXXXXX")
  trap 'rm -f "$draft"' EXIT
  CGO_ENABLED=0 GOFLAGS=-mod=readonly go build -trimpath -o "$draft" . >&2
  mv "$draft" "$program"
fi
echo "$program"
