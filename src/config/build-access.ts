/** Builds the access rules and the administrators from the checked document. */
import type { AccessRule } from '../core/access-rule.ts';
import type { ElevationTerms } from '../core/elevation-terms.ts';
import type { GroupSelector } from '../core/group-selector.ts';
import type { ConnectorId } from '../core/identity.ts';
import { USER_PLACEHOLDERS } from '../core/placeholders.ts';
import type { Account, AccountId } from '../core/role.ts';
import { DEFAULT_DURATION, type SessionSettings } from '../core/session.ts';
import { parseTemplate } from '../core/template.ts';
import type { Configuration } from './configuration.ts';
import { NO_TAG } from './elevation-schema.ts';
import type { References } from './references.ts';
import type { Document } from './schema.ts';
import { termsDigest } from './terms-digest.ts';

type DocumentRule = Document['access'][number];
type DocumentSelector = Pick<DocumentRule, 'groups' | 'groupPattern' | 'connectors'>;

export function rulesOf(
  { access, connectors }: Document,
  accounts: readonly Account[],
  references: References,
): readonly AccessRule[] {
  const idOf = new Map<string, AccountId>(
    accounts.flatMap(({ id, name }) => [
      [id, id],
      [name, id],
    ]),
  );
  const everyConnector = connectors.map(({ id }) => id);
  return access.map((written, index) => {
    const rule = {
      name: written.name ?? `access[${index}]`,
      ...selectorOf(written, everyConnector),
      accounts:
        written.accounts === undefined || written.accounts.includes('*')
          ? undefined
          : written.accounts.map(name => required(idOf.get(name))),
      roles: written.roles,
      session: sessionOf(written, references),
      require: written.require,
    };
    const { elevation } = written;
    if (elevation === undefined) return rule;
    const digest = termsDigest(rule, elevation.longest);
    return { ...rule, elevation: { digest, ...elevationOf(elevation, everyConnector) } };
  });
}

export function administrationOf({
  administration,
  connectors,
}: Document): Configuration['administration'] {
  const { administrators, auditors } = administration;
  const everyConnector = connectors.map(({ id }) => id);
  return {
    ...(administrators && { administrators: selectorOf(administrators, everyConnector) }),
    ...(auditors && { auditors: selectorOf(auditors, everyConnector) }),
  };
}

/** Without connectors there is one only, or the file trusts the groups of all. */
function selectorOf(
  { groups = [], groupPattern, connectors }: DocumentSelector,
  everyConnector: readonly ConnectorId[],
): GroupSelector {
  return {
    groups,
    groupPattern,
    connectors: connectors?.map(id => id as ConnectorId) ?? everyConnector,
  };
}

function elevationOf(
  { approvers, longest, reason, ticket, breakGlass, tag }: NonNullable<DocumentRule['elevation']>,
  everyConnector: readonly ConnectorId[],
): Omit<ElevationTerms, 'digest'> {
  return {
    approvers: approvers.map(entry => ({
      ...selectorOf(entry, everyConnector),
      count: entry.count,
    })),
    longestSeconds: longest,
    reason,
    ticket,
    breakGlass: breakGlass && {
      ...selectorOf(breakGlass, everyConnector),
      reviewSeconds: breakGlass.review,
    },
    tag: tag === NO_TAG ? undefined : tag,
  };
}

function sessionOf({ session, elevation }: DocumentRule, references: References): SessionSettings {
  const {
    duration: durationSeconds = elevation?.longest ?? DEFAULT_DURATION,
    console: consoleSeconds,
    sourceIdentity,
    tags,
    transitiveTags,
    policyArns,
    policy,
  } = session;
  const optionalTags = Object.keys(tags).filter(key => tags[key]?.optional);
  return {
    durationSeconds,
    consoleSeconds,
    sourceIdentity:
      sourceIdentity === undefined ? undefined : parseTemplate(sourceIdentity, USER_PLACEHOLDERS),
    tags: Object.fromEntries(
      Object.entries(tags).map(([key, { value }]) => [
        key,
        parseTemplate(value, USER_PLACEHOLDERS),
      ]),
    ),
    ...(optionalTags.length > 0 && { optionalTags }),
    transitiveTags,
    policyArns,
    policy: policy && references.textOf(policy),
  };
}

/** Returns a value that the checks guarantee. Throws an Error without one. */
export function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a configuration that passed its checks lacks a value');
  return value;
}
