#!/usr/bin/env bash
# Installs newer AWS CLIs of Debian beside the system, on an older Debian. Each gets its own C library and Python.
# Nothing of it is registered with the system. boto3 of the same suite comes with it, for the Python that the CLI runs on.
#   install-aws-cli.sh                        trixie (2.23: login by PKCE, endpoints from its environment) and sid (2.38)
#   install-aws-cli.sh DIRECTORY [SUITE]      one of them (default: trixie)
# Default directories: ~/.cache/rolebridge/aws-cli for trixie, ~/.cache/rolebridge/aws-cli-sid for sid.
# Run the CLI as DIRECTORY/aws and Python as DIRECTORY/python.
# apt fetches and verifies the packages, with lists and a state of their own, from the mirror that this machine already uses.
set -euo pipefail

cache=${XDG_CACHE_HOME:-$HOME/.cache}/rolebridge
if (($# == 0)); then
  "$0" "$cache/aws-cli" trixie
  "$0" "$cache/aws-cli-sid" sid
  exit
fi
directory=$1
suite=${2:-trixie}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
# A directory without `python` is of an older version of this script, and is built again.
if [[ -x $directory/aws && -x $directory/python ]]; then
  echo "already there: $directory/aws and $directory/python"
  exit 0
fi

mirror=$(
  { sed -n 's/^URIs:[[:space:]]*//p' /etc/apt/sources.list.d/*.sources 2>/dev/null || true
    sed -n 's/^deb[[:space:]]\+\(\[[^]]*\][[:space:]]*\)\?\([^[:space:]]*\).*/\2/p' /etc/apt/sources.list /etc/apt/sources.list.d/*.list 2>/dev/null || true
  } | tr ' ' '\n' | grep -E '/debian/?$' | head -n 1 || true
)
if [[ -z $mirror || ! -e $keyring ]]; then
  echo 'install-aws-cli.sh: this machine has no Debian mirror in its apt sources' >&2
  exit 1
fi

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
mkdir -p "$work"/{system,etc/apt/apt.conf.d,etc/apt/preferences.d,etc/apt/trusted.gpg.d,state/lists/partial,cache/archives/partial,log}
: >"$work/state/status"
echo "deb [signed-by=$keyring] $mirror $suite main" >"$work/etc/apt/sources.list"
apt=(apt-get -qq
  -o "Dir::Etc=$work/etc/apt" -o "Dir::Etc::sourceparts=/dev/null" -o "Dir::State=$work/state" -o "Dir::State::status=$work/state/status"
  -o "Dir::Cache=$work/cache" -o "Dir::Log=$work/log" -o Debug::NoLocking=1 -o APT::Sandbox::User=root -o Acquire::Languages=none
  -o APT::Install-Recommends=false)
"${apt[@]}" update
"${apt[@]}" install --download-only -y awscli python3-boto3 ca-certificates >/dev/null
for package in "$work"/cache/archives/*.deb; do dpkg-deb -x "$package" "$work/system"; done

# What the packages' own scripts would have linked.
python=$(cd "$work/system/usr/bin" && ls python3.?? | head -n 1)
wrapper() { # NAME ARGUMENTS, as the script will read them
  cat >"$work/system/$1" <<WRAPPER
#!/usr/bin/env bash
root=\$(dirname "\$(readlink -f "\$0")")
loader=\$root/usr/lib64/ld-linux-x86-64.so.2
python=\$root/usr/bin/$python
exec "\$loader" --inhibit-cache --library-path "\$root/usr/lib/x86_64-linux-gnu" --argv0 "\$python" "\$python" -I -B $2"\$@"
WRAPPER
  chmod 755 "$work/system/$1"
}
wrapper aws '"$root/usr/bin/aws" '
wrapper python ''
# As their own scripts do: a program starts in a third of the time.
"$work/system/python" -m compileall -q "$work"/system/usr/lib/python3*
boto3_version() { "$1/python" -c 'import boto3, botocore; print(f"boto3/{boto3.__version__} botocore/{botocore.__version__}")'; }
"$work/system/aws" --version >/dev/null
boto3_version "$work/system" >/dev/null

mkdir -p "$(dirname "$directory")"
rm -rf "$directory"
mv "$work/system" "$directory"
echo "$("$directory/aws" --version 2>&1) and $(boto3_version "$directory") in $directory"
