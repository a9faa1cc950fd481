/** An error in one line: AWS tools print it after their own words. */
import type { BridgeError } from '../core/errors.ts';
import { explainStep } from '../core/explanation.ts';
import { valuesOf } from './access-request.ts';
import { elevationSentence, elevationUrl } from './elevation.ts';
import type { ErrorResponseParts } from './error-face.ts';
import { stepUpSentence, stepUpUrl } from './step-up.ts';

export interface SentenceParts extends Pick<ErrorResponseParts, 'help' | 'baseUrl'> {
  readonly correlationId: string;
}

/** What happened, why, what to do and whom to ask. `hint` is used where no page helps. */
export function sentenceOf(
  error: BridgeError,
  hint: string,
  { help, baseUrl, correlationId }: SentenceParts,
): string {
  const { title, trace } = error;
  const shown = help?.about({ ...valuesOf(error), reference: correlationId });
  const reasons = trace?.steps.map(step => `${step.rule}: ${explainStep(step)}`) ?? [];
  const where =
    shown === undefined ? [] : [shown.text, ...(shown.url === undefined ? [] : [shown.url])];
  const next = addressSentence(error, { baseUrl }) ?? hint;
  return [`${title}.`, ...reasons, next, ...where, `Reference ${correlationId}.`].join(' ');
}

/** What the user opens in a browser; undefined for an error that no page helps against. */
function addressSentence(
  error: BridgeError,
  parts: Pick<ErrorResponseParts, 'baseUrl'>,
): string | undefined {
  const { elevation } = error;
  const stepUp = stepUpUrl(error, parts);
  const sentences = [
    ...(stepUp === undefined ? [] : [stepUpSentence(stepUp)]),
    ...(elevation === undefined ? [] : [elevationSentence(elevation, elevationUrl(error, parts)!)]),
  ];
  return sentences.length === 0 ? undefined : sentences.join(' ');
}
