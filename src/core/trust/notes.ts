/** What a plan of IAM cannot say, and what of it IAM does not accept: sentences for operators. */
import { listed } from '../listed.ts';
import { isReservedRole, type RoleName } from '../role.ts';
import type { Gathered } from './grants.ts';
import type { PermissionPolicy, TrustPolicy } from './policy.ts';
import type { PlannedWay } from './ways.ts';

interface NotedRole {
  readonly name: RoleName;
  readonly trustPolicy: TrustPolicy;
  readonly permissions?: PermissionPolicy | undefined;
  readonly ways: readonly PlannedWay[];
}

/** IAM counts no white space. It can be raised to 4,096 on request (IAM quotas). */
const MOST_OF_TRUST = 2048;
/** All inline policies of a role together (IAM quotas). */
const MOST_OF_INLINE = 10_240;

export function planNotes(gathered: Gathered, roles: readonly NotedRole[]): readonly string[] {
  return [
    ...openNotes(gathered),
    ...gathered.denied.map(({ rule, because }) => `Rule ${rule} gives no role here: ${because}.`),
    ...reservedNotes(gathered),
    ...nameNotes(roles),
    ...sizeNotes(roles),
    ...issuerNotes(roles.flatMap(({ ways }) => ways)),
  ];
}

function openNotes({ openRules, openHubs }: Gathered): readonly string[] {
  const own =
    openRules.length === 0
      ? []
      : [
          `${rules(openRules)} can give any role that a group names, and a plan cannot list them. Add each with --role.`,
        ];
  const hubs = [...openHubs].map(
    ([role, accounts]) =>
      `Groups name the roles of ${listed([...accounts])} behind ${role}. Add each with --role, so that ${role} can assume it.`,
  );
  return [...own, ...hubs];
}

function rules(names: readonly string[]): string {
  return `${names.length === 1 ? 'Rule' : 'Rules'} ${listed(names)}`;
}

function reservedNotes({ ways }: Gathered): readonly string[] {
  return [...ways.keys()]
    .filter(isReservedRole)
    .map(
      role =>
        `${role} is left out: IAM Identity Center owns it, and its trust policy cannot be changed. Make a role of your own with the same policies.`,
    );
}

function nameNotes(roles: readonly NotedRole[]): readonly string[] {
  const byName = Map.groupBy(roles, ({ name }) => name.split('/').at(-1)!.toLowerCase());
  return [...byName.values()]
    .filter(({ length }) => length > 1)
    .map(
      twins =>
        `${listed(twins.map(({ name }) => name))} have the same name for IAM, which ignores path and case. Only one of them can exist.`,
    );
}

function sizeNotes(roles: readonly NotedRole[]): readonly string[] {
  return roles.flatMap(({ name, trustPolicy, permissions }) => [
    ...(sizeOf(trustPolicy) > MOST_OF_TRUST
      ? [
          `The trust policy of ${name} has ${sizeOf(trustPolicy)} characters, and IAM accepts ${MOST_OF_TRUST} unless AWS raises the quota.`,
        ]
      : []),
    ...(permissions !== undefined && sizeOf(permissions) > MOST_OF_INLINE
      ? [
          `The policy of ${name} has ${sizeOf(permissions)} characters, and IAM accepts ${MOST_OF_INLINE}. Use several hub roles.`,
        ]
      : []),
  ]);
}

function sizeOf(policy: TrustPolicy | PermissionPolicy): number {
  return JSON.stringify(policy).length;
}

function issuerNotes(ways: readonly PlannedWay[]): readonly string[] {
  const urls = new Set(
    ways.flatMap(({ call, issuer }) =>
      call === 'sts:AssumeRoleWithWebIdentity' && issuer !== undefined ? issuer : [],
    ),
  );
  const saml = new Set(
    ways.flatMap(({ call, connector }) =>
      call === 'sts:AssumeRoleWithSAML' && connector !== undefined ? connector : [],
    ),
  );
  const passedOn = new Set(ways.flatMap(({ connector }) => connector ?? []));
  return [
    ...(passedOn.size > 0
      ? [
          `A caller that has a token or response of ${listed([...passedOn])} for the bridge can take these roles without the bridge: AWS knows no groups, rules or second factor of it. Give them few permissions, or use trust: web-identity.`,
        ]
      : []),
    ...[...urls]
      .filter(url => !/^https:\/\/[^:/?#]+(?:\/[^?#]*)?$/.test(url))
      .map(
        url => `IAM accepts issuers on https without a port and a query only, which ${url} is not.`,
      ),
    ...(saml.size > 0
      ? [
          'trust: corporate-saml works only if AWS accepts the address of the bridge as the recipient of a response. No such case is known; prefer trust: saml.',
        ]
      : []),
    ...(saml.size > 1
      ? [
          `The account has one SAML provider, and the rules accept the responses of ${listed([...saml])}. It gets the metadata of the first one.`,
        ]
      : []),
  ];
}
