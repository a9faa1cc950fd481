#!/usr/bin/env bash
# Builds the program of test/wire/java (AWS SDK for Java 2) once, and again when its sources change, and prints its class path.
# jars.sha256 pins every archive of Maven Central by its hash. No Maven is needed, and no javac: Debian's openjdk-17-jre-headless has the module of the compiler.
# MAVEN_CENTRAL can name another repository with the layout of Maven Central; JAVA_HOME can name the Java.
set -euo pipefail
cd "$(dirname "$0")/java"

central=${MAVEN_CENTRAL:-https://repo1.maven.org/maven2}
java=${JAVA_HOME:+$JAVA_HOME/bin/}java
state=$(cat jars.sha256 CallerIdentity.java | sha256sum | cut -c1-16)
directory=${XDG_CACHE_HOME:-$HOME/.cache}/rolebridge/caller-identity-java-$state
if [[ ! -d $directory ]]; then
  mkdir -p "$(dirname "$directory")"
  draft=$(mktemp -d "$directory.XXXXXX")
  trap 'rm -rf "$draft"' EXIT
  sed "s|^[0-9a-f]*  \(.*\)|url = \"$central/\1\"|" jars.sha256 >"$draft/list"
  (cd "$draft" && curl --fail --location --silent --show-error --retry 2 --connect-timeout 20 --max-time 120 --max-filesize 20000000 --remote-name-all --config list)
  sed 's|  .*/|  |' jars.sha256 | (cd "$draft" && sha256sum --check --quiet) >&2
  rm "$draft/list"
  "$java" --module jdk.compiler/com.sun.tools.javac.Main -cp "$(printf '%s:' "$draft"/*.jar)" -d "$draft" CallerIdentity.java >&2
  mv "$draft" "$directory"
fi
echo "$directory:$directory/*"
