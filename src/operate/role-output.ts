/** How `who-can` and `what-can` show roles, rules and what users lack. */
import type { Holder, Outlook } from '../bridge/role-questions.ts';
import type { AccessRule } from '../core/access-rule.ts';
import type { ElevationTerms } from '../core/elevation-terms.ts';
import { listed } from '../core/listed.ts';
import type { KnownPerson } from '../core/person-record.ts';
import { requiredBy, requirementName } from '../core/requirements.ts';
import type { ClaimCondition } from '../core/workload-rule.ts';
import { dateTime, dateTimeOrNull, fieldsOfBlock, time } from './output.ts';

/** Rows that a table has at most; JSON has all. */
export const MOST_ROWS = 200;
const NOTHING = '-';

/** Says how many rows a table leaves out; undefined for none. */
export function leftOut(all: readonly unknown[]): string | undefined {
  const more = all.length - MOST_ROWS;
  return more > 0 ? `... and ${more} more. --json lists all.` : undefined;
}

/** What every session of the rule requires: `MFA, approval by 2 of leads`. */
export function requirementsOf(rule: Pick<AccessRule, 'require' | 'elevation'>): readonly string[] {
  const { require, elevation } = rule;
  const approvals = elevation === undefined ? [] : approvalsOf(elevation);
  return [...requiredBy(require).map(requirementName), ...approvals];
}

function approvalsOf({ approvers, breakGlass }: ElevationTerms): readonly string[] {
  const by = approvers.map(
    ({ count, groups, groupPattern }) =>
      `${count} of ${groupPattern === undefined ? listed(groups) : groupPattern}`,
  );
  return [`approval by ${by.join(' and ')}${breakGlass === undefined ? '' : ' (or break-glass)'}`];
}

/** What a workload's token must say: `repository: acme/api, acme/web`. */
export function conditionText({ claim, values, patterns }: ClaimCondition): string {
  return `${claim}: ${listed([...values, ...patterns])}`;
}

/** What is missing for the role now, in a cell. */
export function lackOf({ missing, fault, entitlement }: Outlook): string {
  if (fault !== undefined) return `cannot be opened: ${fault}`;
  if (missing.length > 0) return missing.map(requirementName).join(', ');
  const { elevation } = entitlement;
  return elevation === undefined
    ? NOTHING
    : `${NOTHING} (approved until ${time(elevation.endsAt)})`;
}

export function listedOrNothing(names: readonly string[]): string {
  return names.length === 0 ? NOTHING : listed(names);
}

export function fieldsOfOutlook({ missing, fault, entitlement }: Outlook): object {
  const { rule, group, elevation } = entitlement;
  return {
    ...{ rule: rule.name, group },
    lacks: missing.map(unmet => ({ ...unmet, text: requirementName(unmet) })),
    approved_until: elevation === undefined ? null : dateTime(elevation.endsAt),
    fault: fault ?? null,
  };
}

export function fieldsOfHolder(holder: Holder): object {
  return { ...fieldsOfKnown(holder.user), ...fieldsOfOutlook(holder) };
}

export function fieldsOfKnown({
  person,
  connector,
  username,
  signedInAt,
  blocked,
}: KnownPerson): object {
  return {
    ...{ user: username, person, connector, signed_in_at: dateTimeOrNull(signedInAt) },
    blocked: blocked === undefined ? null : fieldsOfBlock(blocked),
  };
}
