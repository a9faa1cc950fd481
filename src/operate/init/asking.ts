/** How some questions are asked at a terminal: by several lines for one answer. */
import type { GivenAccount } from './answers.ts';
import { Invalid, rulesIn, secretIn } from './parsing.ts';

type Prompts = typeof import('./prompts.ts');

function prompts(): Promise<Prompts> {
  return import('./prompts.ts');
}

/** Asks for the place; nothing that is typed here is the secret. */
export async function askSecret(name: string): Promise<readonly string[]> {
  const { askChoice, askText } = await prompts();
  const kind = await askChoice('Where will the client secret be? Do not enter the secret itself.', [
    { value: 'env', label: 'in an environment variable of the server' },
    { value: 'file', label: 'in a file (mode 0600)' },
  ]);
  const target = await askText({
    message: kind === 'env' ? 'Name of the variable' : 'Path of the file',
    initial: kind === 'env' ? name : 'client-secret',
    problem: typed => problemOf(() => secretIn([`${kind}:${typed}`])),
  });
  return [`${kind}:${target}`];
}

export async function askRules(
  accounts: readonly GivenAccount[] | undefined,
): Promise<readonly string[]> {
  const { askText } = await prompts();
  const group = await askText({
    message: 'First rule: the group that gets a role',
    placeholder: 'aws-admins',
    problem: typed => problemOf(() => rulesIn([`${typed}=any/Any`])),
  });
  const account = await askText({
    message: 'First rule: in which account (a name, or * for every account)',
    initial: '*',
    problem: typed =>
      /[=/]/.test(typed)
        ? 'An account name contains no "=" and no "/".'
        : problemOf(() => rulesIn([`any=${typed}/Any`], accounts)),
  });
  const role = await askText({
    message: 'First rule: which role',
    placeholder: 'Admin',
    problem: typed => problemOf(() => rulesIn([`any=any/${typed}`])),
  });
  return [`${group}=${account}/${role}`];
}

/** The message of an `Invalid` that the work throws, as a sentence about the answer. */
export function problemOf(work: () => unknown): string | undefined {
  try {
    work();
    return undefined;
  } catch (thrown) {
    if (thrown instanceof Invalid) return sentence(thrown.message);
    throw thrown;
  }
}

/** Messages complete a sentence that begins with the option: "names a file that ...". */
function sentence(message: string): string {
  return /^[a-z]/.test(message) ? `This ${message}` : message;
}
