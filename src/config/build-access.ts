/** Builds the access rules and the administrators from the checked document. */
import type { AccessRule } from '../core/access-rule.ts';
import type { ElevationTerms } from '../core/elevation-terms.ts';
import type { GroupSelector } from '../core/group-selector.ts';
import type { ConnectorId } from '../core/identity.ts';
import type { AccountChoice } from './build-selection.ts';
import { sessionSettings } from './build-session.ts';
import type { Configuration } from './configuration.ts';
import { NO_TAG } from './elevation-schema.ts';
import type { References } from './references.ts';
import type { Document } from './schema.ts';
import { OF_USERS } from './template-values.ts';
import { termsDigest } from './terms-digest.ts';

type DocumentRule = Document['access'][number];
type DocumentSelector = Pick<DocumentRule, 'groups' | 'groupPattern' | 'connectors'>;

export function rulesOf(
  { access, connectors }: Document,
  { idsOf, termsOf }: AccountChoice,
  references: References,
): readonly AccessRule[] {
  const everyConnector = connectors.map(({ id }) => id);
  return access.map((written, index) => {
    const rule = {
      name: written.name ?? `access[${index}]`,
      ...selectorOf(written, everyConnector),
      accounts: idsOf(written.accounts),
      roles: written.roles,
      session: sessionSettings(
        { ...written.session, duration: written.session.duration ?? written.elevation?.longest },
        OF_USERS,
        references,
      ),
      require: written.require,
      ...(written.preferred && { isPreferred: true }),
    };
    const { elevation } = written;
    if (elevation === undefined) return rule;
    const digest = termsDigest({ ...rule, accounts: termsOf(written.accounts) }, elevation.longest);
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

/** Returns a value that the checks guarantee. Throws an Error without one. */
export function required<T>(value: T | undefined): T {
  if (value === undefined) throw new Error('a configuration that passed its checks lacks a value');
  return value;
}
