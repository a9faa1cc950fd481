#!/usr/bin/env bash
# Gets credentials of one AWS role from rolebridge, for the steps of the job that follow.
# It requires bash, curl 7.55 or newer, and jq, which GitHub-hosted runners have.
#
# Secrets pass through pipes and are masked in the log. No argument of a program contains one.
set -euo pipefail

fail() {
  local text=$1
  text=${text//'%'/'%25'}
  text=${text//$'\r'/ }
  text=${text//$'\n'/'%0A'}
  printf '::error title=rolebridge::%s\n' "$text"
  exit 1
}

mask() {
  printf '::add-mask::%s\n' "$1"
}

# Sends a request with the bearer token $1; the other arguments are those of curl. Prints the body,
# and the status on the last line.
ask() {
  local token=$1
  shift
  printf 'Authorization: Bearer %s\n' "$token" |
    curl --silent --show-error --proto '=https' --connect-timeout 10 --max-time 30 \
      --max-filesize 262144 --header @- --header 'Accept: application/json' \
      --write-out '\n%{http_code}' "$@"
}

# The value of the jq filter $2 in the JSON $1, if it is one word of printable ASCII. Some versions of
# jq succeed without a value.
field() {
  local value
  value=$(printf '%s' "$1" | jq -er "$2"' | strings | select(test("\\A[!-~]+\\z"))' 2>/dev/null) &&
    [[ -n $value ]] && printf '%s' "$value"
}

# What the bridge says about an error.
problem() {
  printf '%s' "$1" | jq -r '
    [.title, .detail, (.trace.steps[]? | "\(.rule): \(.sentence)"),
      (.correlation_id | strings | "Reference \(.)")]
    | map(strings) | join("\n")' 2>/dev/null || true
}

server=${ROLEBRIDGE_SERVER%/}
role=${ROLEBRIDGE_ROLE:-}
audience=${ROLEBRIDGE_AUDIENCE:-$server}

[[ $server =~ ^https://[A-Za-z0-9.:-]+$ ]] ||
  fail 'The input "server" must be an https address without a path, such as https://aws.example.com.'
[[ $role == ?*/?* ]] || fail 'The input "role" must be ACCOUNT/ROLE, such as prod/Deploy.'
[[ ${ROLEBRIDGE_REGION:-none} =~ ^[a-z0-9-]+$ ]] || fail 'The input "region" is not a region.'
if [[ -z ${ACTIONS_ID_TOKEN_REQUEST_URL:-} || -z ${ACTIONS_ID_TOKEN_REQUEST_TOKEN:-} ]]; then
  fail 'GitHub Actions gives no identity token to this job.
Add to the job or to the workflow:
  permissions:
    id-token: write
    contents: read
Jobs for pull requests from forks get no token.'
fi

encoded=$(jq -rn --arg audience "$audience" '$audience | @uri')
answer=$(ask "$ACTIONS_ID_TOKEN_REQUEST_TOKEN" "$ACTIONS_ID_TOKEN_REQUEST_URL&audience=$encoded") ||
  fail 'GitHub Actions gave no identity token. Try again.'
status=${answer##*$'\n'}
if ! token=$(field "${answer%$'\n'*}" .value); then
  fail "GitHub Actions gave no identity token (status $status). Try again."
fi
mask "$token"

body=$(jq -cn --arg account "${role%%/*}" --arg role "${role#*/}" '{$account, $role}')
answer=$(ask "$token" --header 'Content-Type: application/json' --data "$body" \
  "$server/api/v1/workload/credentials") || fail "$server cannot be reached. Check the address."
status=${answer##*$'\n'}
json=${answer%$'\n'*}
if [[ $status != 200 ]]; then
  said=$(problem "$json")
  fail "${said:-$server answered with the unexpected status $status.}"
fi

malformed="$server answered with credentials that cannot be used."
access_key_id=$(field "$json" .access_key_id) || fail "$malformed"
secret_access_key=$(field "$json" .secret_access_key) || fail "$malformed"
session_token=$(field "$json" .session_token) || fail "$malformed"
region=${ROLEBRIDGE_REGION:-$(field "$json" .account.region)} || fail "$malformed"
for secret in "$access_key_id" "$secret_access_key" "$session_token"; do mask "$secret"; done

{
  printf 'AWS_ACCESS_KEY_ID=%s\n' "$access_key_id"
  printf 'AWS_SECRET_ACCESS_KEY=%s\n' "$secret_access_key"
  printf 'AWS_SESSION_TOKEN=%s\n' "$session_token"
  printf 'AWS_REGION=%s\nAWS_DEFAULT_REGION=%s\n' "$region" "$region"
} >>"$GITHUB_ENV"
{
  printf 'account-id=%s\n' "$(field "$json" .account.id)"
  printf 'assumed-role-arn=%s\n' "$(field "$json" .assumed_role_arn)"
  printf 'expires-at=%s\n' "$(field "$json" .expires_at)"
} >>"$GITHUB_OUTPUT"
printf 'The next steps have the role %s.\n' "$role"
