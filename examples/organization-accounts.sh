#!/usr/bin/env bash
# Writes the accounts of an AWS organization into a file for `accounts.file` of rolebridge, with the
# organizational units above each of them, and with --tags also their tags.
#
# usage: organization-accounts.sh [--tags] FILE
#
# It needs the AWS CLI, with credentials of the management account or a delegated administrator, and
# jq. Nothing is written unless everything was read.
set -euo pipefail

usage() {
  echo "usage: organization-accounts.sh [--tags] FILE" >&2
  exit 2
}

with_tags=no
if [[ ${1-} == --tags ]]; then with_tags=yes; shift; fi
[[ $# -eq 1 && $1 != -* ]] || usage
file=$1

for program in aws jq; do
  command -v "$program" >/dev/null || { echo "$program is not installed." >&2; exit 1; }
done

umask 022
work=$(mktemp -d)
trap 'rm -rf "$work" "$file.new"' EXIT

ask() { aws organizations "$@" --output json; }

# Writes the accounts of one parent, one a line, then those of the units below it.
walk() {
  local parent=$1 path=$2 id name
  ask list-accounts-for-parent --parent-id "$parent" >"$work/answer"
  jq -c --arg path "$path" '.Accounts[] | .Path = $path' "$work/answer" >>"$work/accounts"
  ask list-organizational-units-for-parent --parent-id "$parent" >"$work/units-$parent"
  while IFS=$'\t' read -r id name; do
    # A slash in the name of a unit would read as a unit below it.
    walk "$id" "${path:+$path/}${name//\//-}"
  done < <(jq -r '.OrganizationalUnits[] | [.Id, .Name] | @tsv' "$work/units-$parent")
}

# Writes the tags of one account into a file of its own: several run at the same time.
tags_of() {
  aws organizations list-tags-for-resource --resource-id "$1" --output json |
    jq -c --arg id "$1" '{ id: $id, tags: .Tags }' >"$work/tags-$1"
}

: >"$work/accounts"
: >"$work/tags"
ask list-roots >"$work/roots"
while read -r root; do walk "$root" ''; done < <(jq -r '.Roots[].Id' "$work/roots")

if [[ $with_tags == yes ]]; then
  export -f tags_of
  export work
  jq -r .Id "$work/accounts" | xargs -P 8 -I{} bash -euo pipefail -c 'tags_of {}'
  find "$work" -name 'tags-*' -exec cat {} + >"$work/tags"
fi

jq -s '
  (map(select(has("tags")) | { key: .id, value: .tags }) | from_entries) as $tags
  | map(select(has("Id")) | if $tags[.Id] then .Tags = $tags[.Id] else . end)
  | { Accounts: sort_by(.Id) }
' "$work/accounts" "$work/tags" >"$file.new"
mv "$file.new" "$file"
echo "$(jq '.Accounts | length' "$file") accounts are in $file." >&2
