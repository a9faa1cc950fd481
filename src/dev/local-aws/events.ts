/**
 * What the local AWS writes to its log: the outcome of every call, and for a refusal the reason
 * that AWS would not tell.
 */

export type Surface = 'sts' | 'iam' | 'federation' | 'saml' | 's3';

export interface LocalAwsEvent {
  readonly outcome: 'answered' | 'refused' | 'fault';
  readonly surface: Surface;
  /** `AssumeRoleWithSAML`, `getSigninToken` and so on. */
  readonly action: string;
  readonly requestId: string;
  /** The code on the wire; with outcome `fault` the name of the fault. */
  readonly code?: string | undefined;
  /** Why, in words. Never holds a token, an assertion, a key or an external id. */
  readonly reason?: string | undefined;
  /** The session that was opened or used, as an ARN. */
  readonly principal?: string | undefined;
}

export type Log = (event: LocalAwsEvent) => void;

/** The event in one line, safe for a terminal. */
export function eventLine({
  outcome,
  surface,
  action,
  code,
  reason,
  principal,
  requestId,
}: LocalAwsEvent): string {
  const what = [`${surface} ${action}`, outcome === 'answered' ? 'ok' : outcome, code]
    .filter(Boolean)
    .join(' ');
  const why = [reason, principal].filter(Boolean).join(' ');
  // Control characters could forge lines or colours.
  return `${what}${why === '' ? '' : `: ${why}`} (${requestId})`.replace(/\p{C}/gu, '?');
}
