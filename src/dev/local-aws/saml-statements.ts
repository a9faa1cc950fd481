/**
 * The attributes of an assertion that mean something to AWS (IAM User Guide, "Configure SAML
 * assertions").
 */
import { parseArn } from './identifiers.ts';
import type { Partition } from './partitions.ts';
import { type SessionTag, type SessionTags, tagFault } from './session-tags.ts';
import { isSessionName } from './shapes.ts';
import { attributeOf, childrenNamed, textOf } from './strict-xml.ts';
import { StsError } from './sts-error.ts';

const SAML = 'urn:oasis:names:tc:SAML:2.0:assertion';
const MIN_SECONDS = 900;
const MAX_SECONDS = 43_200;

export interface RolePair {
  readonly roleArn: string;
  readonly providerArn: string;
}

export interface SamlAttributes {
  readonly roles: readonly RolePair[];
  readonly roleSessionName: string;
  readonly sessionDuration: number | undefined;
  readonly sourceIdentity: string | undefined;
  readonly tags: SessionTags;
  /** Attributes that exist as condition keys while the trust policy is evaluated. */
  readonly conditionKeys: Readonly<Record<string, readonly string[]>>;
}

const EDUPERSON = 'urn:oid:1.3.6.1.4.1.5923.1.1.1.';
const CLAIMS = 'http://schemas.xmlsoap.org/ws/2005/05/identity/claims/';

/** Attribute name to condition key (IAM User Guide, "Available keys for SAML-based federation"). */
const CONDITION_KEYS: ReadonlyMap<string, string> = new Map([
  [`${EDUPERSON}1`, 'saml:edupersonaffiliation'],
  [`${EDUPERSON}2`, 'saml:edupersonnickname'],
  [`${EDUPERSON}3`, 'saml:edupersonorgdn'],
  [`${EDUPERSON}4`, 'saml:edupersonorgunitdn'],
  [`${EDUPERSON}5`, 'saml:edupersonprimaryaffiliation'],
  [`${EDUPERSON}6`, 'saml:edupersonprincipalname'],
  [`${EDUPERSON}7`, 'saml:edupersonentitlement'],
  [`${EDUPERSON}8`, 'saml:edupersonprimaryorgunitdn'],
  [`${EDUPERSON}9`, 'saml:edupersonscopedaffiliation'],
  [`${EDUPERSON}10`, 'saml:edupersontargetedid'],
  [`${EDUPERSON}11`, 'saml:edupersonassurance'],
  ['urn:oid:2.5.4.3', 'saml:cn'],
  [`${CLAIMS}name`, 'saml:name'],
  ['http://schemas.xmlsoap.org/claims/CommonName', 'saml:commonName'],
  [`${CLAIMS}givenname`, 'saml:givenName'],
  [`${CLAIMS}surname`, 'saml:surname'],
  [`${CLAIMS}emailaddress`, 'saml:mail'],
  ['http://schemas.microsoft.com/ws/2008/06/identity/claims/primarygroupsid', 'saml:uid'],
]);

/**
 * The values of the Role attribute, verified or not; undefined when there is none. Throws
 * `StsError`.
 */
export function readRolePairs(
  assertion: Element,
  partition: Partition,
): readonly RolePair[] | undefined {
  return ownValues(readAttributes(assertion), partition, 'Role')?.map(readRole);
}

function ownValues(
  attributes: ReadonlyMap<string, readonly string[]>,
  partition: Partition,
  name: string,
): readonly string[] | undefined {
  return partition.samlAttributePrefixes
    .map(prefix => attributes.get(prefix + name))
    .find(values => values !== undefined);
}

/** Throws `StsError` InvalidIdentityToken. */
export function readStatements(assertion: Element, partition: Partition): SamlAttributes {
  const attributes = readAttributes(assertion);
  const own = (name: string): readonly string[] | undefined =>
    ownValues(attributes, partition, name);

  const roles = (own('Role') ?? refuse('there is no Role attribute')).map(readRole);
  const tags = readTags(attributes, partition, own('TransitiveTagKeys') ?? []);
  const conditionKeys: Record<string, readonly string[]> = {};
  for (const [name, key] of CONDITION_KEYS) {
    const values = attributes.get(name);
    if (values !== undefined) conditionKeys[key] = values;
  }
  return {
    roles,
    roleSessionName: readSessionName(own('RoleSessionName')),
    sessionDuration: readSessionDuration(own('SessionDuration')),
    sourceIdentity: readSourceIdentity(own('SourceIdentity')),
    tags,
    conditionKeys,
  };
}

function readAttributes(assertion: Element): Map<string, readonly string[]> {
  const attributes = new Map<string, readonly string[]>();
  for (const statement of childrenNamed(assertion, SAML, 'AttributeStatement')) {
    for (const attribute of childrenNamed(statement, SAML, 'Attribute')) {
      const name = attributeOf(attribute, 'Name') ?? refuse('an Attribute has no Name');
      if (attributes.has(name)) refuse(`the attribute ${name} appears twice`);
      attributes.set(name, childrenNamed(attribute, SAML, 'AttributeValue').map(textOf));
    }
  }
  return attributes;
}

/** `roleArn,providerArn`; the reverse order is reported to work as well. */
function readRole(value: string): RolePair {
  const [first = '', second = '', ...more] = value.split(',').map(part => part.trim());
  const isRole = (arn: string): boolean => parseArn(arn)?.resource.startsWith('role/') === true;
  const isProvider = (arn: string): boolean =>
    parseArn(arn)?.resource.startsWith('saml-provider/') === true;
  if (more.length === 0 && isRole(first) && isProvider(second))
    return { roleArn: first, providerArn: second };
  if (more.length === 0 && isProvider(first) && isRole(second))
    return { roleArn: second, providerArn: first };
  return refuse('a value of Role is not "roleArn,providerArn"');
}

function readSessionName(values: readonly string[] | undefined): string {
  const [name, ...more] = values ?? [];
  if (name === undefined || name === '')
    throw new StsError('InvalidIdentityToken', 'RoleSessionName is required in AuthnResponse');
  if (more.length > 0 || !isSessionName(name)) {
    throw new StsError(
      'InvalidIdentityToken',
      'RoleSessionName in AuthnResponse must match [a-zA-Z_0-9+=,.@-]{2,64}',
    );
  }
  return name;
}

function readSessionDuration(values: readonly string[] | undefined): number | undefined {
  if (values === undefined) return undefined;
  const [text = ''] = values;
  const seconds = values.length === 1 && /^\d{1,6}$/.test(text) ? Number(text) : Number.NaN;
  return seconds >= MIN_SECONDS && seconds <= MAX_SECONDS
    ? seconds
    : refuse(`SessionDuration is not one number from ${MIN_SECONDS} to ${MAX_SECONDS}`);
}

function readSourceIdentity(values: readonly string[] | undefined): string | undefined {
  if (values === undefined) return undefined;
  const [identity = ''] = values;
  if (values.length !== 1 || !isSessionName(identity)) {
    throw new StsError(
      'InvalidIdentityToken',
      'Source Identity must match [a-zA-Z_0-9+=,.@-]{2,64} and not begin with "aws:"',
    );
  }
  return identity;
}

function readTags(
  attributes: ReadonlyMap<string, readonly string[]>,
  partition: Partition,
  transitiveKeys: readonly string[],
): SessionTags {
  const tags: SessionTag[] = [];
  for (const [name, values] of attributes) {
    const prefix = partition.samlAttributePrefixes
      .map(start => `${start}PrincipalTag:`)
      .find(start => name.startsWith(start));
    if (prefix === undefined) continue;
    const [value, ...more] = values;
    if (value === undefined || more.length > 0) refuse(`${name} has not exactly one value`);
    tags.push({ key: name.slice(prefix.length), value });
  }
  const fault = tagFault({ tags, transitiveKeys });
  return fault === undefined ? { tags, transitiveKeys } : refuse(fault);
}

function refuse(reason: string): never {
  throw new StsError(
    'InvalidIdentityToken',
    'Response did not contain a valid SAML assertion',
    reason,
  );
}
