/** Refusals of logins in a terminal, recorded in one way. */
import { asBridgeError, type BridgeError, ERRORS } from '../core/errors.ts';
import type { AnyRequester, Recorder } from './recorder.ts';

/** Records a refusal and returns the error to throw on. "Not yet" is no refusal. */
export async function refusedLogin(
  recorder: Recorder,
  requester: AnyRequester,
  thrown: unknown,
  cliSession?: string,
): Promise<BridgeError> {
  const error = asBridgeError(thrown);
  const { code, message: why } = error;
  if (ERRORS[code].record.audit !== 'none')
    await recorder.record(requester, { type: 'cli-login.refused', cliSession, code, why });
  return error;
}
