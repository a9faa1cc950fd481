/** What users are shown of an account besides its name and id. It does not affect access. */

/** What an account is for. `production` is marked on every page. */
export const ENVIRONMENTS = ['production', 'staging', 'test', 'development', 'sandbox'] as const;
export type Environment = (typeof ENVIRONMENTS)[number];

/** Each has a light and a dark value in the style sheet. */
export const ACCOUNT_COLORS = [
  'red',
  'orange',
  'yellow',
  'green',
  'teal',
  'blue',
  'purple',
  'pink',
  'grey',
] as const;
export type AccountColor = (typeof ACCOUNT_COLORS)[number];

export interface AccountDetails {
  readonly environment?: Environment | undefined;
  readonly color?: AccountColor | undefined;
  readonly description?: string | undefined;
  /** A team or a user, in words. */
  readonly owner?: string | undefined;
  /** A page about the account: https, or http on loopback. */
  readonly link?: string | undefined;
  /** The organizational units above the account, the outermost first; empty for none. */
  readonly folder?: readonly string[] | undefined;
}

/** Whether users are warned that what they open is production. */
export function isProduction({
  details,
}: {
  readonly details?: AccountDetails | undefined;
}): boolean {
  return details?.environment === 'production';
}
