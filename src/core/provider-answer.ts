/**
 * What an identity provider answered, for the page that says why a sign-in was not enough. Every
 * text in it is external: printable, bounded, and never taken for our own words.
 */
import type { Authentication } from './identity.ts';
import { printableExcerpt } from './printable.ts';
import { describeWish, type StepUpWish } from './step-up.ts';
import { formatInstant } from './time.ts';

export interface ProviderAnswer {
  readonly protocol: 'oidc' | 'saml';
  /** What was asked for. */
  readonly wish?: StepUpWish | undefined;
  /** OAuth `error`, or the SAML status codes. */
  readonly error?: string | undefined;
  /** OAuth `error_description`, or SAML `StatusMessage`. */
  readonly description?: string | undefined;
  /** What the provider stated instead of an error. */
  readonly authentication?: Authentication | undefined;
}

/** One line of the page. */
export interface Fact {
  readonly term: string;
  readonly value: string;
}

/** The name of each part in its protocol. */
const TERMS = {
  oidc: {
    error: 'error',
    description: 'error_description',
    methods: 'acr and amr',
    at: 'auth_time',
  },
  saml: {
    error: 'Status',
    description: 'StatusMessage',
    methods: 'AuthnContextClassRef',
    at: 'AuthnInstant',
  },
} as const satisfies {
  readonly [P in ProviderAnswer['protocol']]: Readonly<Record<string, string>>;
};

const NOT_STATED = 'not stated';

/** The answer as lines for a page. */
export function factsOf(answer: ProviderAnswer): readonly Fact[] {
  const { protocol, wish, error, description, authentication } = answer;
  const terms = TERMS[protocol];
  return [
    ...(wish === undefined ? [] : [{ term: 'Asked for', value: describeWish(wish) }]),
    ...(error === undefined ? [] : [{ term: terms.error, value: error }]),
    ...(description === undefined ? [] : [{ term: terms.description, value: description }]),
    ...(authentication === undefined
      ? []
      : [
          { term: terms.methods, value: methodsOf(authentication) },
          { term: terms.at, value: timeOf(authentication) },
        ]),
  ];
}

function methodsOf({ methods }: Authentication): string {
  return methods.length === 0 ? NOT_STATED : printableExcerpt(methods.join(', '));
}

function timeOf({ at }: Authentication): string {
  return at === undefined ? NOT_STATED : formatInstant(at);
}
