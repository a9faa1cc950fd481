/** What `who-can` and `what-can` ask with: the rules, and the store, which they only read. */
import { createRoleQuestions, type RoleQuestions } from '../bridge/role-questions.ts';
import type { ConfigurationWithStore } from '../config/configuration.ts';
import { openSealingSecret } from '../issuer/sealing-secret.ts';
import type { Logger } from '../log.ts';
import { openStore } from './operator.ts';

export async function composeForQuestions(
  configuration: ConfigurationWithStore,
  { log }: { readonly log: Logger },
): Promise<{ readonly questions: RoleQuestions; close(): Promise<void> }> {
  const secret = await openSealingSecret({ ...configuration.issuer.keys, create: false });
  const store = await openStore(configuration.store, { secret, log });
  const clock = { now: () => Date.now() };
  const questions = createRoleQuestions({ ...store, clock, giving: configuration });
  return { questions, close: () => store.close() };
}
