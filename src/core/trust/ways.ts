/**
 * What the bridge sends to AWS by one rule, before there is a caller: which call, for which
 * principal, with which audience, subject, tags and source identity.
 *
 * Owns: the ways of a rule into an account, and why a rule gives nothing there. Does not own: the
 * calls themselves (aws/sts), trust policies (policy.ts), which roles an account has
 * (plan.ts).
 */
import type { ConnectorId } from '../identity.ts';
import type { Partitions } from '../partitions.ts';
import {
  type Account,
  oidcProviderArn,
  type RoleArn,
  type RoleName,
  roleArn,
  samlProviderArn,
  type Trust,
} from '../role.ts';
import { attainableSeconds, MIN_DURATION, type SessionSettings } from '../session.ts';
import type { Template } from '../template.ts';
import type { Seconds } from '../time.ts';
import type { WorkloadEntryId } from '../workload.ts';

export type TrustCall =
  | 'sts:AssumeRole'
  | 'sts:AssumeRoleWithSAML'
  | 'sts:AssumeRoleWithWebIdentity';

/** What a template gives: the same text for every caller, or any. */
export type PlannedText = { readonly text: string } | 'any';

export interface PlannedTag {
  readonly key: string;
  readonly value: PlannedText;
  /** The bridge repeats the call without it if AWS finds the session too large. */
  readonly isOptional: boolean;
}

/** What STS passes on from the session of a hub role; the call itself does not contain it. */
export interface PassedOn {
  readonly tags: readonly PlannedTag[];
  readonly sourceIdentity?: PlannedText | undefined;
}

/** One call of the bridge for a role, by one rule. Patterns are those of `StringLike`. */
export interface PlannedWay {
  readonly rule: string;
  readonly callers: 'users' | 'workloads';
  readonly call: TrustCall;
  readonly principal: { readonly kind: 'Federated' | 'AWS'; readonly arn: string };
  /** Whose proof is passed on; undefined if the bridge writes it. */
  readonly connector?: ConnectorId | undefined;
  /** `saml:aud`, which is the Recipient, or the `aud` of the token. Undefined behind a hub. */
  readonly audience?: string | undefined;
  /** The SAML entity id or the OpenID issuer. Undefined behind a hub, or if it is unknown. */
  readonly issuer?: string | undefined;
  /** Patterns of the subject; undefined if it can be any text, or behind a hub. */
  readonly subjects?: readonly string[] | undefined;
  /** `saml:sub_type`. */
  readonly subjectType?: 'persistent' | undefined;
  /** Those that the call contains. */
  readonly tags: readonly PlannedTag[];
  /** Keys of `tags`. */
  readonly transitiveTags: readonly string[];
  readonly sourceIdentity?: PlannedText | undefined;
  readonly passedOn: PassedOn;
  readonly externalId?: PlannedExternalId | undefined;
  readonly durationSeconds: Seconds;
  /** Patterns of the RoleSessionName; undefined: a SAML response of the provider brings it. */
  readonly sessionNames: readonly string[] | undefined;
  /** Of a hub's role: the roles behind it for which it is assumed. */
  readonly toward?: readonly RoleArn[] | undefined;
}

export interface PlannedExternalId {
  /** Undefined if it was not read. */
  readonly value?: string | undefined;
  /** The configuration refers to it: it must not be printed. */
  readonly isReference: boolean;
}

/** A rule for users or for workloads, as far as AWS sees it. */
export interface Grant {
  readonly rule: string;
  readonly by:
    | { readonly callers: 'users'; readonly connectors: readonly ConnectorId[] }
    | { readonly callers: 'workloads'; readonly entry: WorkloadEntryId };
  readonly session: SessionSettings;
  /** The key of the tag with the id of an elevation. */
  readonly elevationTag?: string | undefined;
}

export type TrustConnector = { readonly id: ConnectorId } & (
  | { readonly protocol: 'oidc'; readonly issuer: string; readonly clientId: string }
  | { readonly protocol: 'saml' }
);

/** The bridge as an issuer, and the identity providers. */
export interface Issuers {
  readonly baseUrl: string;
  readonly issuer: {
    readonly saml: { readonly entityId: string };
    readonly webIdentity: { readonly audience: string; readonly issuer: string };
  };
  readonly connectors: readonly TrustConnector[];
  readonly partitions: Partitions;
  /** Entity ids of SAML connectors, as far as their metadata was read. */
  readonly entityIds: ReadonlyMap<ConnectorId, string>;
}

type DirectTrust = Exclude<Trust, { by: 'hub' }>;

const CORPORATE_PROTOCOL = { 'corporate-saml': 'saml', 'corporate-web-identity': 'oidc' } as const;

/** Why the bridge denies every role of the account by this rule; undefined if it does not. */
export function obstacle(grant: Grant, account: Account, issuers: Issuers): string | undefined {
  const direct = directTrust(account);
  if (!isCorporate(direct)) return undefined;
  if (grant.by.callers === 'workloads')
    return `it is for workloads, which cannot sign in with trust: ${direct.by}`;
  if (connectorsFor(grant, direct, issuers).length === 0)
    return `its connectors do not sign in by ${CORPORATE_PROTOCOL[direct.by].toUpperCase()}`;
  const { tags, optionalTags = [], sourceIdentity } = grant.session;
  const isRequired = Object.keys(tags).some(key => !optionalTags.includes(key));
  if (account.trust.by === 'hub' || (!isRequired && sourceIdentity === undefined)) return undefined;
  return `it sets tags or a source identity, which trust: ${direct.by} cannot send`;
}

/** The calls for a role of the account: one, or one for each connector whose proof is passed on. */
export function waysInto(grant: Grant, account: Account, issuers: Issuers): readonly PlannedWay[] {
  const { trust } = account;
  const { durationSeconds } = grant.session;
  if (trust.by !== 'hub')
    return directWays(grant, { account, trust, issuers }).map(way => ({
      ...way,
      ...(isCorporate(trust) ? NOTHING : sentBy(grant)),
      durationSeconds,
    }));
  const { hub, role, externalId, externalIdByReference: isReference = false } = trust;
  const sent = sentBy(grant);
  const inherits = !isCorporate(directTrust(account));
  return [
    {
      ...callerOf(grant),
      call: 'sts:AssumeRole',
      principal: { kind: 'AWS', arn: roleArn(hub, role) },
      ...(inherits ? behindHub(sent) : sent),
      ...((externalId !== undefined || isReference) && {
        externalId: { value: externalId, isReference },
      }),
      durationSeconds: attainableSeconds(account, durationSeconds),
    },
  ];
}

/** The calls for the hub's role, so that roles of the account behind it can be assumed. */
export function waysIntoHub(
  grant: Grant,
  { account, roles }: { readonly account: Account; readonly roles: readonly RoleName[] },
  issuers: Issuers,
): readonly PlannedWay[] {
  if (account.trust.by !== 'hub') return [];
  const { hub } = account.trust;
  const trust = directTrust(account);
  return directWays(grant, { account: hub, trust, issuers }).map(way => ({
    ...way,
    ...(isCorporate(trust) ? NOTHING : handedOn(sentBy(grant))),
    durationSeconds: MIN_DURATION,
    toward: roles.map(role => roleArn(account, role)),
  }));
}

function directTrust({ trust }: Account): DirectTrust {
  if (trust.by !== 'hub') return trust;
  if (trust.hub.trust.by === 'hub') throw new Error('a hub is behind a hub');
  return trust.hub.trust;
}

function isCorporate(
  trust: DirectTrust,
): trust is Extract<DirectTrust, { by: `corporate-${string}` }> {
  return trust.by in CORPORATE_PROTOCOL;
}

// ---------------------------------------------------------------- what a session has

type Sent = Pick<PlannedWay, 'tags' | 'transitiveTags' | 'sourceIdentity' | 'passedOn'>;

const NOTHING_PASSED_ON: PassedOn = { tags: [] };
/** Of a proof that the bridge does not write. */
const NOTHING: Sent = { tags: [], transitiveTags: [], passedOn: NOTHING_PASSED_ON };

function sentBy({ session, elevationTag }: Grant): Sent {
  const { tags, optionalTags = [], transitiveTags, sourceIdentity } = session;
  const planned = Object.entries(tags).map(([key, template]) => ({
    key,
    value: plannedText(template),
    isOptional: optionalTags.includes(key),
  }));
  if (elevationTag !== undefined)
    planned.push({ key: elevationTag, value: 'any', isOptional: false });
  return {
    tags: planned,
    transitiveTags,
    sourceIdentity: sourceIdentity && plannedText(sourceIdentity),
    passedOn: NOTHING_PASSED_ON,
  };
}

function plannedText(template: Template): PlannedText {
  const texts = template.filter(part => typeof part === 'string');
  return texts.length === template.length ? { text: texts.join('') } : 'any';
}

/** What the session of the hub's role has: STS passes it on. */
function handedOn({ tags, transitiveTags, sourceIdentity }: Sent): Sent {
  const passed = tags.filter(({ key }) => transitiveTags.includes(key));
  return { tags: passed, transitiveTags, sourceIdentity, passedOn: NOTHING_PASSED_ON };
}

function behindHub({ tags, transitiveTags, sourceIdentity }: Sent): Sent {
  const isPassedOn = ({ key }: PlannedTag): boolean => transitiveTags.includes(key);
  return {
    tags: tags.filter(tag => !isPassedOn(tag)),
    transitiveTags: [],
    passedOn: { tags: tags.filter(isPassedOn), sourceIdentity },
  };
}

// ---------------------------------------------------------------- who calls, and for whom

/** A person id: 16 characters of `[a-z2-7]`, which `StringLike` can only count. */
const PERSON = '?'.repeat(16);
const WORKLOAD = `-${PERSON}@workload`;

type Caller = Pick<PlannedWay, 'rule' | 'callers' | 'sessionNames'>;

function callerOf({ rule, by }: Grant): Caller {
  if (by.callers === 'workloads')
    return { rule, callers: 'workloads', sessionNames: [by.entry + WORKLOAD] };
  return { rule, callers: 'users', sessionNames: [PERSON, `*-${PERSON}`] };
}

function subjectsOf({ by }: Grant): readonly string[] {
  return [by.callers === 'workloads' ? by.entry + WORKLOAD : PERSON];
}

interface Direct {
  readonly account: Account;
  readonly trust: DirectTrust;
  readonly issuers: Issuers;
}

function directWays(
  grant: Grant,
  { account, trust, issuers }: Direct,
): readonly Omit<PlannedWay, keyof Sent | 'durationSeconds'>[] {
  const caller = callerOf(grant);
  const { issuer, partitions, baseUrl, entityIds } = issuers;
  const federated = (arn: string) => ({ kind: 'Federated', arn }) as const;
  switch (trust.by) {
    case 'saml':
      return [
        {
          ...caller,
          call: 'sts:AssumeRoleWithSAML',
          principal: federated(samlProviderArn(account, trust.provider)),
          audience: partitions[account.partition].samlRecipient(account.region),
          issuer: issuer.saml.entityId,
          subjects: subjectsOf(grant),
          subjectType: 'persistent',
        },
      ];
    case 'web-identity':
      return [
        {
          ...caller,
          call: 'sts:AssumeRoleWithWebIdentity',
          principal: federated(oidcProviderArn(account, issuer.webIdentity.issuer)),
          audience: issuer.webIdentity.audience,
          issuer: issuer.webIdentity.issuer,
          subjects: subjectsOf(grant),
        },
      ];
    case 'corporate-saml':
      return connectorsFor(grant, trust, issuers).map(({ id }) => ({
        ...caller,
        call: 'sts:AssumeRoleWithSAML',
        principal: federated(samlProviderArn(account, trust.provider)),
        connector: id,
        sessionNames: undefined,
        // The bridge accepts a response for its own address alone.
        audience: `${baseUrl}/saml/${id}/acs`,
        issuer: entityIds.get(id),
      }));
    case 'corporate-web-identity':
      return connectorsFor(grant, trust, issuers).flatMap(connector =>
        connector.protocol === 'saml'
          ? []
          : {
              ...caller,
              call: 'sts:AssumeRoleWithWebIdentity' as const,
              principal: federated(corporateOidcProvider(account, connector.issuer)),
              connector: connector.id,
              audience: connector.clientId,
              issuer: connector.issuer,
            },
      );
  }
}

function connectorsFor(
  { by }: Grant,
  trust: DirectTrust,
  { connectors }: Issuers,
): readonly TrustConnector[] {
  if (!isCorporate(trust) || by.callers === 'workloads') return [];
  const protocol = CORPORATE_PROTOCOL[trust.by];
  return connectors.filter(of => of.protocol === protocol && by.connectors.includes(of.id));
}

/** Every account knows this one without an IAM provider (IAM User Guide, "OIDC federation"). */
const GOOGLE = 'https://accounts.google.com';

export function isBuiltIn(issuer: string): boolean {
  return issuer === GOOGLE;
}

function corporateOidcProvider(account: Account, issuer: string): string {
  return isBuiltIn(issuer) ? 'accounts.google.com' : oidcProviderArn(account, issuer);
}
