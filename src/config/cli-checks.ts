/** Checks of `cli` against the rest of the file: known accounts, unique client ids. */
import { CLI_CLIENT } from '../core/oauth-client.ts';
import type { AccountList } from './account-checks.ts';
import { type Path, type ProblemAt, quoted } from './problems.ts';
import type { Document } from './schema.ts';
import type { Readable } from './schema-walk.ts';

export function* cliProblems(
  { cli }: Readable<Document>,
  accounts: AccountList,
): Generator<ProblemAt> {
  for (const [index, written] of (cli?.deviceGrant?.roles ?? []).entries()) {
    const account = written?.split('/')[0];
    if (
      account === undefined ||
      account === '*' ||
      accounts.find(account) !== undefined ||
      accounts.mentions(account)
    )
      continue;
    yield {
      path: ['cli', 'deviceGrant', 'roles', index],
      message: `${quoted(account)} is not an account of this file${accounts.suggestionFor(account) || '.'}`,
      fix: 'Write the name or id of an account, or * for any.',
    };
  }
  const ids = new Map<string, string>([[CLI_CLIENT.id, 'the command line client']]);
  for (const [index, client] of (cli?.clients ?? []).entries()) {
    if (client?.id === undefined) continue;
    const path: Path = ['cli', 'clients', index, 'id'];
    const before = ids.get(client.id);
    if (before !== undefined)
      yield {
        path,
        message: `${quoted(client.id)} is already the id of ${before}.`,
        fix: 'Give each client its own id.',
      };
    ids.set(client.id, `cli.clients[${index}]`);
  }
}
