#!/usr/bin/env bash
# Builds the program of test/interop/hcl (HCL by HashiCorp's own library) once, and again when its sources change. Modules come by Go's proxy, pinned by go.sum.
#   build-hcl-reader.sh      prints the path of the program
set -euo pipefail
cd "$(dirname "$0")/hcl"

state=$(cat go.mod go.sum main.go | sha256sum | cut -c1-16)
program=${XDG_CACHE_HOME:-$HOME/.cache}/rolebridge/hcl-reader-$state
if [[ ! -x $program ]]; then
  mkdir -p "$(dirname "$program")"
  draft=$(mktemp "$program.XXXXXX")
  trap 'rm -f "$draft"' EXIT
  CGO_ENABLED=0 GOFLAGS=-mod=readonly go build -trimpath -o "$draft" . >&2
  mv "$draft" "$program"
fi
echo "$program"
