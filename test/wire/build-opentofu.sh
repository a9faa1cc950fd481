#!/usr/bin/env bash
# Builds OpenTofu once, and prints the path of the program. Its source comes by Go's proxy, pinned by version and hash; its go.sum pins the rest.
# `go install` cannot build it: its go.mod replaces a module.
set -euo pipefail
version=v1.12.6
hash=h1:0VT4P8pMmGcCUnQ9JDrJ+Qg2d35Vzm4FFd/9+H7oF98=

program=${XDG_CACHE_HOME:-$HOME/.cache}/rolebridge/opentofu-$version
if [[ ! -x $program ]]; then
  mkdir -p "$(dirname "$program")"
  work=$(mktemp -d "$program.XXXXXX")
  trap 'chmod -R u+w "$work" && rm -rf "$work"' EXIT
  module=$(cd "$work" && go mod download -json "github.com/opentofu/opentofu@$version")
  grep -qF "\"Sum\": \"$hash\"" <<<"$module" || { echo "build-opentofu.sh: $version does not have the hash $hash" >&2; exit 1; }
  cp -r "$(sed -n 's/.*"Dir": "\(.*\)".*/\1/p' <<<"$module")" "$work/source"
  chmod -R u+w "$work/source"
  (cd "$work/source" && CGO_ENABLED=0 GOFLAGS='-mod=readonly -buildvcs=false' go build -trimpath -ldflags "-s -w -X github.com/opentofu/opentofu/version.dev=no" -o "$work/tofu" ./cmd/tofu >&2)
  mv "$work/tofu" "$program"
fi
echo "$program"
