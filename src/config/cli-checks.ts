/** Checks of `cli` against the rest of the file: known accounts, and unique client ids. */
import { CLI_CLIENT, SELF_REGISTERED } from '../core/oauth-client.ts';
import type { AccountList } from './account-list.ts';
import { formatPath, type Path, type ProblemAt, quoted } from './problems.ts';
import type { Document } from './schema.ts';
import type { Readable } from './schema-walk.ts';

export function* cliProblems(
  { cli }: Readable<Document>,
  accounts: AccountList,
): Generator<ProblemAt> {
  for (const [index, written] of (cli?.deviceGrant?.roles ?? []).entries()) {
    const account = written?.split('/')[0];
    const missing =
      account === undefined || account === '*' ? undefined : accounts.missing(account);
    if (missing === undefined) continue;
    yield {
      path: ['cli', 'deviceGrant', 'roles', index],
      message: missing.message,
      fix: 'Write the name or id of an account, or * for any.',
      ...(missing.isSkipped && { warning: true }),
    };
  }
}

/** Client ids are unique, whatever kind of client has them. */
export function* clientIdProblems({
  cli,
  applications = [],
}: Readable<Document>): Generator<ProblemAt> {
  const lists: readonly (readonly [Path, readonly ({ readonly id?: string } | undefined)[]])[] = [
    [['cli', 'clients'], cli?.clients ?? []],
    [['applications'], applications],
  ];
  const ids = new Map<string, string>([[CLI_CLIENT.id, 'the command line client']]);
  for (const [list, clients] of lists)
    for (const [index, client] of clients.entries()) {
      const id = client?.id;
      if (id === undefined) continue;
      const path: Path = [...list, index, 'id'];
      const before = ids.get(id);
      if (before !== undefined)
        yield {
          path,
          message: `${quoted(id)} is already the id of ${before}.`,
          fix: 'Give each client its own id.',
        };
      if (id.startsWith(SELF_REGISTERED))
        yield {
          path,
          message: `${quoted(id)} looks like the id of a program that registered itself.`,
          fix: `Write an id that does not begin with ${SELF_REGISTERED}.`,
        };
      ids.set(id, formatPath([...list, index]));
    }
}
