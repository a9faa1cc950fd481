/**
 * A script of one account for POSIX shells, with the AWS CLI: it creates what is missing, updates
 * what is there, and can be run again.
 *
 * Owns: the script. Documents go through files, so that no argument contains one.
 */

import type {
  AccountPlan,
  OidcProviderPlan,
  RolePlan,
  SamlProviderPlan,
} from '../../core/trust/plan.ts';
import { EXTERNAL_ID } from '../../core/trust/policy.ts';
import {
  type AccountTrust,
  commentText,
  DESCRIPTION,
  fileName,
  HUB_POLICY,
  MARK,
  needsExternalId,
  type Printed,
  pathAndName,
  plainName,
  splitRoles,
} from './account-trust.ts';
import { shellQuoted } from './shell.ts';

export function printAwsCli(accounts: readonly AccountTrust[]): Printed {
  return {
    files: accounts.map(trust => ({
      path: `${fileName(trust.plan)}.sh`,
      text: scriptOf(trust),
      isProgram: true,
    })),
    steps: accounts.map(
      ({ plan }) => `sh ${fileName(plan)}.sh  # ${plan.account.name} (${plan.account.id})`,
    ),
  };
}

function scriptOf(trust: AccountTrust): string {
  const { plan, metadata = '' } = trust;
  const { created, existing } = splitRoles(trust);
  const parts = [
    head(trust),
    variables(plan, created),
    GUARD(trust),
    FUNCTIONS,
    ...(plan.samlProvider === undefined ? [] : [samlProvider(plan.samlProvider, metadata)]),
    ...plan.oidcProviders.map(oidcProvider),
    ...hubsFirst(created).map(createdRole),
    ...hubsFirst(existing).map(existingRole),
    "say 'Done.'",
  ];
  return `${parts.join('\n\n')}\n`;
}

function head({ plan: { account, notes } }: AccountTrust): string {
  return [
    '#!/bin/sh',
    `# ${MARK} cli for ${account.name} (${account.id}).`,
    '# Change the configuration of rolebridge and print it again. It can be run again at any time.',
    ...notes.map(note => commentText(`# Note: ${note}`)),
    'set -euf',
    "AWS_PAGER=''",
    'export AWS_PAGER',
  ].join('\n');
}

// ---------------------------------------------------------------- what the company decides

function variables({ roles, oidcProviders }: AccountPlan, created: readonly RolePlan[]): string {
  return [
    '# Set these in the environment. Managed policies: ARNs with spaces between them. Inline',
    '# policies: names of files with JSON. Without policies, a role allows nothing.',
    ...(created.length > 0 ? ['PERMISSIONS_BOUNDARY'] : []).map(emptyUnlessSet),
    ...created.flatMap(({ name }) => [policyArns(name), inlinePolicy(name)]).map(emptyUnlessSet),
    ...(oidcProviders.length > 0
      ? ['# AWS CLIs from before 2024 require a thumbprint.', emptyUnlessSet('THUMBPRINT')]
      : []),
    ...(needsExternalId(roles) ? [EXTERNAL_ID_CHECK] : []),
  ].join('\n');
}

function emptyUnlessSet(variable: string): string {
  return `: "\${${variable}:=}"`;
}

const EXTERNAL_ID_CHECK = `: "\${EXTERNAL_ID:?Set EXTERNAL_ID to via.externalId of this account.}"
case $EXTERNAL_ID in
  *[!A-Za-z0-9_+=,.@:/-]*) printf '%s\\n' 'EXTERNAL_ID contains other characters than letters, digits and _+=,.@:/-.' >&2; exit 1 ;;
esac`;

function policyArns(role: string): string {
  return `POLICY_ARNS_${plainName(role)}`;
}

function inlinePolicy(role: string): string {
  return `INLINE_POLICY_${plainName(role)}`;
}

// ---------------------------------------------------------------- what every script has

const GUARD = ({
  plan: { account },
}: AccountTrust): string => `account=$(aws sts get-caller-identity --query Account --output text)
if [ "$account" != ${account.id} ]; then
  printf '%s\\n' "These credentials are of the account $account, not of ${account.id}. Nothing was changed." >&2
  exit 1
fi

umask 077
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
trap 'exit 1' HUP INT TERM`;

const FUNCTIONS = `say() { printf '%s\\n' "$1"; }
fail() { printf '%s\\n' "$1" >&2; exit 1; }

# finds COMMAND...: whether what it asks for exists. Any other fault ends the script.
finds() {
  if "$@" >"$work/answer" 2>"$work/fault"; then return 0; fi
  if grep -q NoSuchEntity "$work/fault"; then return 1; fi
  cat "$work/fault" >&2
  exit 1
}

# find_role NAME PATH: sets seconds and description. Another path is another role to rolebridge.
find_role() {
  finds aws iam get-role --role-name "$1" --output text \\
    --query 'Role.[Path, MaxSessionDuration, Description]' || return 1
  IFS='	' read -r path seconds description <"$work/answer"
  [ "$path" = "$2" ] || fail "The role $1 exists with the path $path, and rolebridge requests the path $2. It was not changed."
}

# set_trust NAME: the trust policy in the file trust.json.
set_trust() {
  aws iam update-assume-role-policy --role-name "$1" --policy-document "file://$work/trust.json"
}

# create_or_update NAME PATH SECONDS
create_or_update() {
  if find_role "$1" "$2"; then
    [ "$description" = ${shellQuoted(DESCRIPTION)} ] || fail "The role $1 exists and was not made for rolebridge. It was not changed. To replace its trust policy alone, print this script with --existing or --iam."
    set_trust "$1"
    [ "$seconds" -ge "$3" ] || aws iam update-role --role-name "$1" --description "$description" --max-session-duration "$3"
    [ -z "$PERMISSIONS_BOUNDARY" ] || aws iam put-role-permissions-boundary --role-name "$1" --permissions-boundary "$PERMISSIONS_BOUNDARY"
    say "Updated the role $1."
  else
    aws iam create-role --role-name "$1" --path "$2" --max-session-duration "$3" \\
      --description ${shellQuoted(DESCRIPTION)} --assume-role-policy-document "file://$work/trust.json" \\
      \${PERMISSIONS_BOUNDARY:+--permissions-boundary "$PERMISSIONS_BOUNDARY"} >"$work/answer"
    say "Created the role $1."
  fi
}

# give NAME ARNS FILE: adds permissions, and takes none away.
give() {
  for arn in $2; do aws iam attach-role-policy --role-name "$1" --policy-arn "$arn"; done
  [ -z "$3" ] || aws iam put-role-policy --role-name "$1" --policy-name permissions --policy-document "file://$3"
}

# change_trust NAME PATH SECONDS: of a role that exists, the trust policy alone.
change_trust() {
  find_role "$1" "$2" || fail "The role $1 does not exist. Print this script without --existing."
  set_trust "$1"
  [ "$seconds" -ge "$3" ] || say "The MaxSessionDuration of $1 is $seconds, and the rules of rolebridge need $3. It was not changed: aws iam update-role --role-name $1 --max-session-duration $3"
  say "Changed the trust policy of $1."
}`;

// ---------------------------------------------------------------- providers

function samlProvider({ name, arn }: SamlProviderPlan, metadata: string): string {
  const document = '--saml-metadata-document "file://$work/metadata.xml"';
  return `printf '%s' ${shellQuoted(metadata)} >"$work/metadata.xml"
if finds aws iam get-saml-provider --saml-provider-arn ${arn}; then
  aws iam update-saml-provider --saml-provider-arn ${arn} ${document} >"$work/answer"
  say ${shellQuoted(`Updated the SAML provider ${name}.`)}
else
  aws iam create-saml-provider --name ${shellQuoted(name)} ${document} >"$work/answer"
  say ${shellQuoted(`Created the SAML provider ${name}.`)}
fi`;
}

/** The client ids that a provider has already stay. */
function oidcProvider({ url, arn, clientIds }: OidcProviderPlan): string {
  const [provider, list] = [shellQuoted(arn), clientIds.map(shellQuoted)];
  const added = list.map(
    id =>
      `  aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn ${provider} --client-id ${id}`,
  );
  return `if finds aws iam get-open-id-connect-provider --open-id-connect-provider-arn ${provider}; then
${added.join('\n')}
  say ${shellQuoted(`Updated the OpenID provider ${url}.`)}
else
  aws iam create-open-id-connect-provider --url ${shellQuoted(url)} --client-id-list ${list.join(' ')} \${THUMBPRINT:+--thumbprint-list "$THUMBPRINT"} >"$work/answer"
  say ${shellQuoted(`Created the OpenID provider ${url}.`)}
fi`;
}

// ---------------------------------------------------------------- roles

/** IAM wants a principal that exists. */
function hubsFirst(roles: readonly RolePlan[]): readonly RolePlan[] {
  const isHub = ({ mayAssume }: RolePlan): boolean => mayAssume.length > 0;
  return [...roles.filter(isHub), ...roles.filter(role => !isHub(role))];
}

function createdRole(role: RolePlan): string {
  const { name } = pathAndName(role.name);
  return [
    ...trustOf(role),
    `create_or_update ${roleArguments(role)}`,
    `give ${shellQuoted(name)} "$${policyArns(role.name)}" "$${inlinePolicy(role.name)}"`,
    ...hubPolicy(role),
  ].join('\n');
}

function existingRole(role: RolePlan): string {
  return [...trustOf(role), `change_trust ${roleArguments(role)}`, ...hubPolicy(role)].join('\n');
}

function trustOf({ rules, trustPolicy }: RolePlan): readonly string[] {
  return [
    commentText(`# Given by rules: ${[...rules].sort().join(', ')}`),
    `printf '%s\\n' ${document(trustPolicy)} >"$work/trust.json"`,
  ];
}

function roleArguments({ name: full, maxSessionSeconds }: RolePlan): string {
  const { name, path } = pathAndName(full);
  return `${shellQuoted(name)} ${shellQuoted(path)} ${maxSessionSeconds}`;
}

function hubPolicy({ name: full, permissions }: RolePlan): readonly string[] {
  if (permissions === undefined) return [];
  const { name } = pathAndName(full);
  return [
    `printf '%s\\n' ${document(permissions)} >"$work/hub.json"`,
    `aws iam put-role-policy --role-name ${shellQuoted(name)} --policy-name ${HUB_POLICY} --policy-document "file://$work/hub.json"`,
  ];
}

/** A policy as one word of the shell, which fills in the external id. */
function document(policy: object): string {
  const text = shellQuoted(JSON.stringify(policy, null, 2));
  return text.replaceAll(EXTERNAL_ID, () => `'"$EXTERNAL_ID"'`);
}
