/**
 * How pages mark what an account is for: a word, and the edge and colour of whatever shows the
 * account. The colour never says it alone.
 */
import { type AccountDetails, type Environment, isProduction } from '../core/account-details.ts';

export interface AccountMark {
  /** `Production`; undefined for an account with a colour alone. */
  readonly word?: string | undefined;
  /** Beside `marked` the classes of what gets the edge, and of the word itself. */
  readonly tone: string;
}

const ENVIRONMENT_WORDS: { readonly [E in Environment]: string } = {
  production: 'Production',
  staging: 'Staging',
  test: 'Test',
  development: 'Development',
  sandbox: 'Sandbox',
};

/** Undefined for an account without environment and colour. */
export function accountMark(account: {
  readonly details?: AccountDetails | undefined;
}): AccountMark | undefined {
  const { environment, color } = account.details ?? {};
  if (environment === undefined && color === undefined) return undefined;
  const shade = color ?? (isProduction(account) ? 'red' : 'grey');
  return {
    word: environment && ENVIRONMENT_WORDS[environment],
    tone: isProduction(account) ? `production tone-${shade}` : `tone-${shade}`,
  };
}
