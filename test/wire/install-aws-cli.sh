#!/usr/bin/env bash
# Puts an AWS CLI of Debian trixie (2.23 or newer, which logs in by PKCE and takes endpoints from its environment) into a directory of its own,
# on an older Debian: with its own C library and Python, beside everything that is installed. Nothing of it is registered with the system.
# boto3 of trixie comes with it, for the Python that the CLI runs on.
#   install-aws-cli.sh [DIRECTORY]        usual: ~/.cache/rolebridge/aws-cli; run it as DIRECTORY/aws, Python as DIRECTORY/python
# Packages are fetched and verified by apt, with lists and a state of their own, from the mirror that this machine uses already.
set -euo pipefail

directory=${1:-${XDG_CACHE_HOME:-$HOME/.cache}/rolebridge/aws-cli}
keyring=/usr/share/keyrings/debian-archive-keyring.gpg
# One without its `python` is of an older version of this script, and is made anew.
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
echo "deb [signed-by=$keyring] $mirror trixie main" >"$work/etc/apt/sources.list"
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
boto3_version() { "$1/python" -c 'import boto3, botocore; print(f"boto3/{boto3.__version__} botocore/{botocore.__version__}")'; }
"$work/system/aws" --version >/dev/null
boto3_version "$work/system" >/dev/null

mkdir -p "$(dirname "$directory")"
rm -rf "$directory"
mv "$work/system" "$directory"
echo "$("$directory/aws" --version 2>&1) and $(boto3_version "$directory") in $directory"
