/** Addresses of requests for roles, for pages and for programs. */
import type { BridgeError } from '../core/errors.ts';
import { queryValue, withQuery } from '../core/local-path.ts';
import type { NeededElevation } from '../core/unmet-approval.ts';

export const ELEVATIONS_PATH = '/elevations';
export const NEW_ELEVATION_PATH = `${ELEVATIONS_PATH}/new`;

/** The page of one elevation. */
export function elevationPath(id: string): string {
  return `${ELEVATIONS_PATH}/${queryValue(id)}`;
}

/** The form, filled in with a role. */
export function requestPath({ account, role }: Pick<NeededElevation, 'account' | 'role'>): string {
  return withQuery(NEW_ELEVATION_PATH, { account, role });
}

/** Where the user gets the approval that is missing. */
export function neededPath(needed: NeededElevation): string {
  return needed.kind === 'look' && needed.id !== undefined
    ? elevationPath(needed.id)
    : requestPath(needed);
}

const LABELS: { readonly [K in NeededElevation['kind']]: string } = {
  request: 'Request this role',
  look: 'See the request',
  extend: 'Request an extension',
};

export function neededLink(needed: NeededElevation): {
  readonly label: string;
  readonly href: string;
} {
  return { label: LABELS[needed.kind], href: neededPath(needed) };
}

/** The address for programs; undefined for an error that no approval helps against. */
export function elevationUrl(
  { elevation }: BridgeError,
  { baseUrl }: { readonly baseUrl: string },
): string | undefined {
  return elevation === undefined ? undefined : `${baseUrl}${neededPath(elevation)}`;
}

const SENTENCES: { readonly [K in NeededElevation['kind']]: (url: string) => string } = {
  request: url => `Request it at ${url}, and repeat the command when it is approved.`,
  look: url => `See ${url}, and repeat the command when it has begun.`,
  extend: url => `Request an extension at ${url}, and repeat the command when it is approved.`,
};

/** What the user of a program does with the address. */
export function elevationSentence({ kind }: NeededElevation, url: string): string {
  return SENTENCES[kind](url);
}
