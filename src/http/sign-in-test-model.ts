/** What a test of a sign-in shows, as a view model. */
import type { SignInTest, TestedIdentity } from '../bridge/sign-in-test.ts';
import type { Identity } from '../core/identity.ts';
import { explainRule, type RuleReport } from '../core/rule-report.ts';
import { formatInstant } from '../core/time.ts';
import type { NamedText } from './page-frame.ts';
import type { SignInTestedModel } from './views.ts';

/** Where an administrator tries a sign-in. */
export function signInTestPath(connector: string): string {
  return `/sign-in/test/${encodeURIComponent(connector)}`;
}

/** Names of groups on one page. */
const MAX_GROUPS = 500;

export function testedModel({ connector, claims, outcome }: SignInTest): SignInTestedModel {
  const { id, label } = connector;
  return {
    ...{ label, claims, action: signInTestPath(id) },
    ...('incomplete' in outcome
      ? { fault: outcome.incomplete.message }
      : { tested: testedIdentity(outcome) }),
  };
}

function testedIdentity({
  identity,
  received,
  report,
  isBlocked,
}: TestedIdentity): SignInTestedModel['tested'] {
  const { unnamed, rules } = report;
  return {
    facts: factsOf(identity),
    attributes: Object.entries(identity.attributes).map(([name, value]) => ({ name, value })),
    groupCount: identity.groups.length,
    leftOut: received.leftOut,
    suggestion: received.suggestion,
    isBlocked,
    rules: rules.map(rule => ({
      rule: rule.rule,
      outcome: OUTCOMES[rule.outcome],
      sentence: explainRule(rule, identity.connector),
    })),
    unnamedCount: unnamed.length,
    unnamed: unnamed.slice(0, MAX_GROUPS),
  };
}

const OUTCOMES: { readonly [O in RuleReport['outcome']]: string } = {
  grants: 'Matches',
  'proof-missing': 'Matches, but requires more',
  'connector-mismatch': 'Nearly matches',
  resembles: 'Nearly matches',
  'pattern-unread': 'Nearly matches',
};

function factsOf(identity: Identity): readonly NamedText[] {
  const { username, displayName, email, subject, person, authentication } = identity;
  const { at, methods, multiFactor } = authentication;
  const facts: readonly (readonly [string, string | undefined])[] = [
    ['User name', username],
    ['Display name', displayName],
    ['Email', email],
    ['Subject', subject],
    ['Person', person],
    ['Authenticated', at === undefined ? 'not stated' : formatInstant(at)],
    ['Methods', methods.length === 0 ? 'not stated' : methods.join(', ')],
    ['Multi-factor', multiFactor ? 'yes' : 'no'],
  ];
  return facts.map(([name, value = 'none']) => ({ name, value }));
}
