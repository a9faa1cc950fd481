/** Errors for a role that a user does not get, with the step-up that would help. */
import type { DecisionTrace, TraceStep } from '../core/decision-trace.ts';
import { BridgeError, ERRORS } from '../core/errors.ts';
import { didYouMean, needsOnlyNetwork, nextStepFor } from '../core/explanation.ts';
import type { NamedRole } from '../core/near-role.ts';
import type { Decision } from '../core/policy.ts';
import type { AuthenticatedRequester } from '../core/requester.ts';
import type { UnmetRequirement } from '../core/requirements.ts';
import { ANY_SIGN_IN } from '../core/step-up.ts';

type Denied = Extract<Decision, { granted: false }> & {
  /** A role of the requester with a similar name. */
  readonly near?: NamedRole | undefined;
};

/** `access_denied`, `proof_missing`, or `approval_missing` if no sign-in helps. */
export function denial(
  { cliSession, stepUp }: AuthenticatedRequester,
  asked: NamedRole,
  { trace, missing, stepUp: wish, elevation, near }: Denied,
): BridgeError {
  const why = whyDenied(trace);
  if (wish === undefined && elevation !== undefined)
    return new BridgeError('approval_missing', why, {
      ...{ asked, trace, elevation, hint: nextStepFor(trace, missingWithApproval(trace)) },
    });
  const code = missing.length > 0 ? 'proof_missing' : 'access_denied';
  const hint = didYouMean(near, nextStepFor(trace, missing));
  if (wish === undefined)
    return new BridgeError(code, why, {
      ...{ asked, near, trace, hint },
      ...(needsOnlyNetwork(trace) && { offers: 'retry' }),
    });
  if (stepUp !== undefined)
    return new BridgeError(code, why, { trace, hint: `${NEW_LOGIN} ${hint}` });
  const needed = { wish, cliSession, role: asked };
  return new BridgeError(code, why, {
    ...{ asked, trace, hint, stepUp: needed },
    ...(elevation !== undefined && { elevation }),
  });
}

/**
 * With the step-up that renews a corporate proof: for a terminal, any sign-in of its user does. In
 * a browser, the user chooses the sign-in. A proof of another kind has a hint of its own.
 */
export function withRenewal(
  error: BridgeError,
  { cliSession, stepUp }: AuthenticatedRequester,
): BridgeError {
  const { code, message, hint, cause } = error;
  const isExpired = code === 'corporate_proof_missing' && hint === ERRORS[code].hint;
  if (!isExpired || cliSession === undefined || stepUp !== undefined) return error;
  return new BridgeError(code, message, { cause, stepUp: { wish: ANY_SIGN_IN, cliSession } });
}

/** Of the first rule that requires an approval. */
function missingWithApproval({ steps }: DecisionTrace): readonly UnmetRequirement[] {
  const lists = steps.map(step => (step.outcome === 'proof-missing' ? step.missing : []));
  return lists.find(list => list.some(({ requirement }) => requirement === 'approval')) ?? [];
}

const NEW_LOGIN = `${ERRORS.step_up_not_for_device_login.title}, so log in again.`;

function whyDenied({ steps }: DecisionTrace): string {
  if (steps.length === 0) return 'no rule gives this role to anyone';
  return steps.map(step => `${step.rule}: ${whyNot(step)}`).join('; ');
}

function whyNot(step: TraceStep): string {
  if (step.outcome === 'proof-missing')
    return `missing ${step.missing.map(({ requirement }) => requirement).join(', ')}`;
  if (step.outcome === 'connector-mismatch')
    return `takes groups of ${step.connectors.join(', ')}, not of ${step.connector}`;
  return 'group missing';
}
