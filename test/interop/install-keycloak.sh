#!/usr/bin/env bash
# Installs the Keycloak that interop tests sign in through: the server distribution of Maven Central, checked and built.
#   install-keycloak.sh [DIRECTORY]      default: ~/.cache/rolebridge/keycloak
# MAVEN_CENTRAL can name another repository with the layout of Maven Central.
# Java 17 or newer, curl and tar must be there; JAVA_HOME can name the Java.
set -euo pipefail

version=26.7.3
sha256=77657f30b7e90d70f727712ce1c967f430fd6a5e9f458d32d8c6df0635345f47
central=${MAVEN_CENTRAL:-https://repo1.maven.org/maven2}
directory=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/rolebridge/keycloak}

# `built` is written last: a directory without it, or of another version, is installed again.
if [[ -e $directory/built && $(<"$directory/built") == "$version" ]]; then
  echo "already there: Keycloak $version in $directory"
  exit 0
fi
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
if ! "$java" -version 2>/dev/null; then
  echo "install-keycloak.sh: cannot start $java; install Java 17 or newer (Debian package openjdk-17-jre-headless)" >&2
  exit 1
fi

mkdir -p "$(dirname "$directory")"
work=$(mktemp -d "$directory.XXXXXX")
trap 'rm -rf "$work"' EXIT
archive=$work/keycloak.tar.gz
curl --fail --location --silent --show-error --retry 2 --connect-timeout 20 --max-time 300 --max-filesize 400000000 --output "$archive" \
  "$central/org/keycloak/keycloak-quarkus-dist/$version/keycloak-quarkus-dist-$version.tar.gz"
echo "$sha256  $archive" | sha256sum --check --quiet
tar -xzf "$archive" -C "$work" --no-same-owner
server=$work/keycloak-$version
# What cannot change at a start. A build takes twenty seconds, and a start that finds it five.
JAVA=$java "$server/bin/kc.sh" build --db=dev-mem --health-enabled=true >"$work/log" || { cat "$work/log" >&2; exit 1; }
echo "$version" >"$server/built"

rm -rf "$directory"
mv "$server" "$directory"
echo "Keycloak $version in $directory"
