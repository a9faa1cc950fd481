/**
 * What policies of IAM see of one planned call of the bridge: the caller, and the condition keys
 * (IAM User Guide, "AWS global condition context keys", "IAM and AWS STS condition context keys").
 */

import type { Account } from '../role.ts';
import type { Instant } from '../time.ts';
import { conditionKeys } from '../trust/policy.ts';
import type { PlannedTag, PlannedText, PlannedWay } from '../trust/ways.ts';
import type { RequestKeys, SentKey, SentValue } from './condition.ts';
import type { Caller, PolicyRequest } from './policy.ts';
import { ANY_TEXT, exactText, textLike } from './text-form.ts';

/** A planned call, and what is known around it. */
export interface PlannedCall {
  readonly way: PlannedWay;
  /** Of the role. */
  readonly account: Account;
  /** `AROA...` of the role that calls; undefined if it is unknown, or if no role calls. */
  readonly callerId?: string | undefined;
  readonly now: Instant;
}

/** A permission that a call needs. */
export type NeededAction = PlannedWay['call'] | 'sts:TagSession' | 'sts:SetSourceIdentity';

/** STS checks tags and source identity also where the session of a hub passes them on. */
export function actionsOf({ call, tags, sourceIdentity, passedOn }: PlannedWay) {
  const isTagged = tags.length > 0 || passedOn.tags.length > 0;
  const isIdentified = (sourceIdentity ?? passedOn.sourceIdentity) !== undefined;
  return [
    call,
    ...(isTagged ? (['sts:TagSession'] as const) : []),
    ...(isIdentified ? (['sts:SetSourceIdentity'] as const) : []),
  ] satisfies readonly NeededAction[];
}

/** The call as a trust policy sees it. */
export function trustRequest(call: PlannedCall, action: NeededAction): PolicyRequest {
  return { action, keys: keysOf(call), caller: callerOf(call) };
}

/** The call as the policies of the calling role see it. */
export function ownRequest(
  call: PlannedCall,
  action: NeededAction,
  resource: string,
): PolicyRequest {
  return { action, keys: keysOf(call), resource };
}

function callerOf({ way: { principal }, callerId }: PlannedCall): Caller {
  const { kind, arn } = principal;
  if (kind === 'Federated') return { kind: 'federated', provider: arn };
  const [, partition, , , account = '', role = ''] = arn.split(':');
  const name = role.split('/').at(-1)!;
  return {
    kind: 'role',
    ...{ account, arn },
    uniqueId: callerId,
    sessionArn: textLike(`arn:${partition}:sts::${account}:assumed-role/${name}/*`),
  };
}

// ---------------------------------------------------------------- condition keys

type Sent = ReturnType<RequestKeys['of']>;

function keysOf(call: PlannedCall): RequestKeys {
  const sent = new Map<string, Sent>();
  const put = (keys: Readonly<Record<string, Sent>>): void => {
    for (const [key, value] of Object.entries(keys)) sent.set(key.toLowerCase(), value);
  };
  put(everyCall(call));
  put(sessionKeys(call.way));
  put(call.way.call === 'sts:AssumeRole' ? roleKeys(call) : federatedKeys(call));
  return { of: key => sent.get(key.toLowerCase()) ?? unlisted(key.toLowerCase(), call.way) };
}

function everyCall({ account, now }: PlannedCall): Readonly<Record<string, Sent>> {
  return {
    'aws:CurrentTime': exactly(new Date(now).toISOString()),
    'aws:EpochTime': exactly(String(Math.floor(now / 1000))),
    'aws:SecureTransport': exactly('true'),
    'aws:RequestedRegion': exactly(account.region),
    'aws:ViaAWSService': exactly('false'),
    'aws:PrincipalIsAWSService': exactly('false'),
    'aws:SourceArn': 'absent',
    'aws:SourceAccount': 'absent',
    'aws:MultiFactorAuthAge': 'absent',
    'aws:username': 'absent',
  };
}

function sessionKeys(way: PlannedWay): Readonly<Record<string, Sent>> {
  const { tags, transitiveTags, sourceIdentity, externalId, passedOn } = way;
  const identity = sourceIdentity ?? passedOn.sourceIdentity;
  const transitive = tags.filter(({ key }) => transitiveTags.includes(key));
  return {
    'sts:RoleSessionName': one({ forms: way.sessionNames?.map(textLike) ?? [ANY_TEXT] }),
    'sts:DurationSeconds': exactly(String(way.durationSeconds)),
    'sts:SourceIdentity': identity === undefined ? 'absent' : one(sentText(identity)),
    'sts:TransitiveTagKeys': keyList(transitive),
    'sts:ExternalId': externalIdOf(externalId),
    // Whether STS counts what the session of a hub passes on is not documented.
    'aws:TagKeys': passedOn.tags.length > 0 ? 'unknown' : keyList(tags),
    ...Object.fromEntries(
      passedOn.tags.map(({ key }): [string, Sent] => [`aws:RequestTag/${key}`, 'unknown']),
    ),
    ...Object.fromEntries(
      tags.map(({ key, value, isOptional }): [string, Sent] => [
        `aws:RequestTag/${key}`,
        one({ ...sentText(value), optional: isOptional || undefined }),
      ]),
    ),
  };
}

function externalIdOf(externalId: PlannedWay['externalId']): Sent {
  if (externalId === undefined) return 'absent';
  return externalId.value === undefined ? 'unknown' : exactly(externalId.value);
}

function federatedKeys(call: PlannedCall): Readonly<Record<string, Sent>> {
  const { way, account } = call;
  const { audience, issuer, subjects, subjectType, principal, connector } = way;
  const keys = conditionKeys(way);
  const provider = principal.arn.split('/').slice(1).join('/');
  return {
    'aws:MultiFactorAuthPresent': 'absent',
    'saml:doc':
      way.call === 'sts:AssumeRoleWithSAML' ? exactly(`${account.id}/${provider}`) : 'absent',
    [keys.audience]: audience === undefined ? 'unknown' : exactly(audience),
    [keys.subject]: one({ forms: subjects?.map(textLike) ?? [ANY_TEXT] }),
    ...(keys.issuer !== undefined && {
      [keys.issuer]: issuer === undefined ? 'unknown' : exactly(issuer),
    }),
    ...(keys.subjectType !== undefined && {
      [keys.subjectType]:
        subjectType === undefined && connector !== undefined
          ? 'unknown'
          : exactly(subjectType ?? ''),
    }),
  };
}

function roleKeys({ way: { principal, passedOn } }: PlannedCall): Readonly<Record<string, Sent>> {
  const [, , , , account = ''] = principal.arn.split(':');
  const { sourceIdentity } = passedOn;
  return {
    'aws:PrincipalArn': exactly(principal.arn),
    'aws:PrincipalAccount': exactly(account),
    'aws:PrincipalType': exactly('AssumedRole'),
    'aws:MultiFactorAuthPresent': exactly('false'),
    'aws:SourceIdentity': sourceIdentity === undefined ? 'absent' : one(sentText(sourceIdentity)),
  };
}

/** SAML attributes that are not sent, keys of other providers, and what cannot be known. */
function unlisted(key: string, way: PlannedWay): Sent {
  const writesProof = way.connector === undefined;
  if (key.startsWith('saml:')) {
    if (way.call === 'sts:AssumeRoleWithWebIdentity') return 'absent';
    const isKept = KEPT_BY_SESSIONS.has(key);
    if (way.call === 'sts:AssumeRole') return isKept ? 'unknown' : 'absent';
    return writesProof && !isKept ? 'absent' : 'unknown';
  }
  if (key.startsWith(REQUEST_TAG)) return 'absent';
  if (key.startsWith('aws:') || key.startsWith('sts:')) return 'unknown';
  // Only of its own provider can a call have keys.
  const isOfIssuer = key.startsWith(`${conditionKeys(way).audience.slice(0, -'aud'.length)}`);
  return isOfIssuer && !writesProof ? 'unknown' : 'absent';
}

export const REQUEST_TAG = 'aws:RequestTag/'.toLowerCase();

/** `saml:namequalifier` is a digest that AWS makes. */
const KEPT_BY_SESSIONS = new Set(['saml:namequalifier', 'saml:sub', 'saml:sub_type']);

// ---------------------------------------------------------------- values

function exactly(text: string): SentKey {
  return { values: [{ forms: [exactText(text)] }] };
}

function one(value: SentValue): SentKey {
  return { values: [value] };
}

function sentText(text: PlannedText): SentValue {
  return { forms: [text === 'any' ? ANY_TEXT : exactText(text.text)] };
}

function keyList(tags: readonly PlannedTag[]): Sent {
  if (tags.length === 0) return 'absent';
  const values = tags.map(({ key, isOptional }) => ({
    forms: [exactText(key)],
    optional: isOptional || undefined,
  }));
  return { values, isList: true };
}
