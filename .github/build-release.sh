#!/usr/bin/env bash
# Builds what a release publishes into a new directory: .github/build-release.sh VERSION DIRECTORY
# The packages of client and server, an SBOM of each, the archive of the sources, SHA256SUMS, and NOTES.md from
# CHANGELOG.md.
set -euo pipefail
cd "$(dirname "$0")/.."
version=$1
mkdir "$2"
release=$(cd "$2" && pwd)

# "## 1.2.3 - 2026-12-01" and "## [1.2.3] - 2026-12-01" begin the section of a version.
awk -v version="$version" '
  /^## / { heading = $2; gsub(/[][]/, "", heading); inside = heading == version; next }
  inside
' CHANGELOG.md >"$release/NOTES.md"
grep -q '[^[:space:]]' "$release/NOTES.md" || { echo "CHANGELOG.md has no section for $version" >&2; exit 1; }

git archive --format=tar.gz --prefix="rolebridge-$version/" --output="$release/rolebridge-sources-$version.tar.gz" HEAD

npm run --silent build:server
(
  cd dist/server
  npm sbom --sbom-format=cyclonedx >"$release/rolebridge-server-$version.cdx.json"
  npm pack --silent --pack-destination "$release" >/dev/null
)

npm run --silent build:cli
cd dist/client
# A provenance names the repository, and npm compares it with the one of the package.
[[ -z ${GITHUB_REPOSITORY:-} ]] || npm pkg set "repository.url=git+https://github.com/$GITHUB_REPOSITORY.git"
npm install --package-lock-only --ignore-scripts --no-audit --no-fund >/dev/null
npm sbom --package-lock-only --omit=dev --sbom-format=cyclonedx >"$release/rolebridge-$version.cdx.json"
npm pack --silent --pack-destination "$release" >/dev/null

cd "$release"
for package in rolebridge rolebridge-server; do
  test -f "$package-$version.tgz" || { echo "the package $package has another version than $version" >&2; exit 1; }
done
sha256sum -- *.tgz *.tar.gz *.json >SHA256SUMS
