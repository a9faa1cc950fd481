/**
 * How an OpenID provider is asked for another authentication, and which of its claims answer
 * (OpenID Connect Core 3.1.2.1 and 5.5.1.1).
 */
import type { IDToken } from 'openid-client';
import type { BeginOptions } from '../core/ports.ts';
import type { StepUpWish } from '../core/step-up.ts';

export interface OidcStepUp {
  readonly acrValues: readonly string[];
  /** `acr_values` are voluntary; an essential claim must be sent, or the request be refused. */
  readonly parameter: 'acr_values' | 'claims';
  /** `acrs` is the claim of Entra ID: authentication contexts, asked for by `claims` alone. */
  readonly claim: 'acr' | 'acrs';
}

export type RenewalParameter = 'max_age' | 'prompt';

interface HowToAsk {
  readonly stepUp?: OidcStepUp | undefined;
  readonly reauthenticate: RenewalParameter;
}

type Parameters = Readonly<Record<string, string>>;

/** The parameters of an authorization request that ask for another authentication. */
export function authenticationParameters(
  { reauthenticate, wish }: Pick<BeginOptions, 'reauthenticate' | 'wish'>,
  how: HowToAsk,
): Parameters {
  if (wish !== undefined) return parametersFor(wish, how);
  if (!reauthenticate) return {};
  return how.reauthenticate === 'prompt' ? LOGIN : { ...LOGIN, max_age: '0' };
}

const LOGIN: Parameters = { prompt: 'login' };

function parametersFor(
  { multiFactor, withinSeconds }: StepUpWish,
  { stepUp, reauthenticate }: HowToAsk,
): Parameters {
  return {
    ...(multiFactor && (stepUp === undefined ? LOGIN : contextParameters(stepUp))),
    ...(withinSeconds !== undefined &&
      (reauthenticate === 'prompt' ? LOGIN : { max_age: String(withinSeconds) })),
  };
}

function contextParameters({ acrValues, parameter, claim }: OidcStepUp): Parameters {
  if (claim === 'acr' && parameter === 'acr_values') return { acr_values: acrValues.join(' ') };
  const [value, ...more] = acrValues;
  const wanted = more.length === 0 ? { value } : { values: acrValues };
  return { claims: JSON.stringify({ id_token: { [claim]: { essential: true, ...wanted } } }) };
}

/** `acrs` can name contexts for which the bridge never asked: those mean nothing here. */
export function methodsIn({ amr, acr, acrs }: IDToken, stepUp: OidcStepUp | undefined): string[] {
  const contexts =
    stepUp?.claim === 'acrs' ? [acrs].flat().filter(one => isIn(stepUp.acrValues, one)) : [];
  return [amr, acr, contexts].flat().filter(method => typeof method === 'string');
}

function isIn(values: readonly string[], one: unknown): boolean {
  return typeof one === 'string' && values.includes(one);
}
