/** What is wrong in IAM, before it is known whom it concerns. */
import type { Finding } from '../finding.ts';

export interface PolicyFault extends Omit<Finding, 'subject'> {
  /** The same text for the same cause, whichever rule it stops. */
  readonly cause: string;
}
