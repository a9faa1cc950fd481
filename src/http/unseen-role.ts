/**
 * What helps a user whose search finds nothing: the nearest words that find something, and why they
 * do not have a role. It says no more than the refusal of that role.
 */
import type { Access, AskedRole } from '../bridge/access.ts';
import { nearestRole } from '../core/near-role.ts';
import { nearest } from '../core/nearest.ts';
import type { Viewer } from '../core/requester.ts';
import type { OwnRole } from './role-rows.ts';
import { searchFor, vocabularyOf } from './role-search.ts';
import type { UnseenModel } from './role-views.ts';
import { shownTrace } from './shown-trace.ts';

export interface Unseen {
  readonly query: string;
  /** What the user asks about; undefined to read it from the query. */
  readonly asked: AskedRole | undefined;
  readonly roles: readonly OwnRole[];
}

export async function unseenModel(
  { query, asked = askedIn(query), roles }: Unseen,
  user: Viewer,
  { explain }: Pick<Access, 'explain'>,
): Promise<UnseenModel> {
  const suggestion = suggestionFor(query, asked, roles);
  const model = {
    account: asked?.account ?? '',
    role: asked?.role ?? '',
    suggestion:
      suggestion === undefined
        ? undefined
        : { label: suggestion, href: `/?q=${encodeURIComponent(suggestion)}` },
  };
  if (asked === undefined) return model;
  const { trace, nextStep } = await explain(user, asked);
  return { ...model, trace: shownTrace(trace), nextStep };
}

/** `account/role`, `account role`. Undefined for anything else. */
function askedIn(query: string): AskedRole | undefined {
  const [, account, role] = /^\s*([^\s/]+)(?:\s+|\/)(\S+)\s*$/.exec(query) ?? [];
  return account === undefined || role === undefined ? undefined : { account, role };
}

/** A query that finds a role of the user; undefined if none is near. */
function suggestionFor(
  query: string,
  asked: AskedRole | undefined,
  roles: readonly OwnRole[],
): string | undefined {
  return (asked && nearRole(asked, roles)) ?? nearWords(query, roles);
}

function nearRole(asked: AskedRole, roles: readonly OwnRole[]): string | undefined {
  const own = roles.map(({ entitlement }) => entitlement);
  const near = nearestRole(asked, own);
  return near && `${near.account}/${near.role}`;
}

/** Each is compared with every word of 2,000 roles, which takes milliseconds. */
const MOST_WORDS = 6;

/**
 * The query with each unknown word replaced by the nearest that occurs in a role of the user.
 * Undefined for a query of many words, too.
 */
function nearWords(query: string, roles: readonly OwnRole[]): string | undefined {
  const words = [...new Set(query.split(/[\s/]+/).filter(Boolean))];
  if (words.length > MOST_WORDS) return undefined;
  const known = vocabularyOf(roles);
  const near = words.map(word => (roles.some(searchFor(word)) ? word : nearest(word, known)));
  if (near.includes(undefined)) return undefined;
  const suggested = near.join(' ');
  return roles.some(searchFor(suggested)) ? suggested : undefined;
}
