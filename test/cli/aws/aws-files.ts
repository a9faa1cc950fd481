/** A computer whose files in ~/.aws are read as botocore reads them. */
import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import type { Readable, Writable } from 'node:stream';
import { before, beforeEach } from 'node:test';
import { QUICK_POLLS, useComputer } from '../../support/cli.ts';
import { useFixture } from '../../support/fixture.ts';
import { useWorld } from '../../support/world.ts';

/**
 * Python with the botocore of an AWS CLI: Debian's, and a newer one beside it where the machine has
 * it.
 */
const PYTHONS = ['/usr/bin/python3', join(homedir(), '.cache/rolebridge/aws-cli/python')].filter(
  path => existsSync(path),
);
export const SKIP = existsSync('/usr/bin/aws') ? false : 'needs the package awscli';

/**
 * Answers questions, a line of JSON each, in one process for all of them: a profile as botocore
 * sees it, with where its credentials come from; the reason where it cannot read the files.
 */
const ANSWER = `
import json, os, sys
import awscli.botocore.session
from awscli.botocore.credentials import create_credential_resolver
def answer(name):
    try:
        session = awscli.botocore.session.Session(profile=name)
        found = session.full_config['profiles'].get(name)
        method = next((p.METHOD for p in create_credential_resolver(session).providers if p.METHOD in ('shared-credentials-file', 'config-file') and p.load()), None)
        return {'profile': found, 'keys': method}
    except Exception as fault:
        return {'fault': str(fault)}
for line in iter(sys.stdin.readline, ''):
    asked = json.loads(line)
    os.environ.clear()
    os.environ.update(asked['env'])
    print(json.dumps(answer(asked['profile'])), flush=True)
`;

class Botocore {
  readonly #process: ChildProcessByStdio<Writable, Readable, null>;
  readonly #answers: AsyncIterator<string>;

  constructor(python: string) {
    this.#process = spawn(python, ['-c', ANSWER], { stdio: ['pipe', 'pipe', 'inherit'] });
    this.#answers = createInterface({ input: this.#process.stdout })[Symbol.asyncIterator]();
  }

  async ask(profile: string, env: Readonly<Record<string, string | undefined>>): Promise<Seen> {
    this.#process.stdin.write(`${JSON.stringify({ profile, env })}\n`);
    const { value } = await this.#answers.next();
    return JSON.parse(value) as Seen;
  }

  close(): void {
    this.#process.stdin.end();
  }
}

export interface Seen {
  readonly profile?: Readonly<Record<string, string>> | null;
  readonly keys?: string | null;
  readonly fault?: string;
}

export interface Told {
  readonly file: string;
  readonly profiles: readonly string[];
  readonly conflicts: readonly string[];
  readonly takenOver: readonly string[];
  readonly warnings: readonly string[];
}

type Env = Readonly<Record<string, string>>;

/**
 * A computer for the tests of the surrounding suite. bob is signed in there; ~/.aws is empty before
 * each test.
 */
export function useAwsFiles() {
  const botocores = useFixture(
    () => PYTHONS.map(python => new Botocore(python)),
    all => {
      for (const botocore of all) botocore.close();
    },
  );
  const world = useWorld(QUICK_POLLS);
  const computer = useComputer();
  before(async () => {
    await computer.logIn(world, 'bob', { protocol: 'oidc' });
  });
  beforeEach(() => {
    rmSync(computer.file('.aws'), { recursive: true, force: true });
    mkdirSync(computer.file('.aws'));
  });

  const config = (): string => computer.file('.aws/config');
  const credentials = (): string => computer.file('.aws/credentials');
  const put = (file: string, text: string): void => writeFileSync(file, text, 'latin1');
  const asked = (profile: string, env: Env = {}): Promise<readonly Seen[]> =>
    Promise.all(botocores.map(botocore => botocore.ask(profile, { ...computer.env, ...env })));
  const configure = async (
    args: readonly string[] = [],
    env: Env = {},
  ): Promise<Told & { stderr: string }> => {
    const { code, stdout, stderr } = await computer.run(['configure', '--yes', '--json', ...args], {
      env,
    });
    assert.equal(code, 0, stderr);
    return { ...(JSON.parse(stdout) as Told), stderr };
  };

  return { world, computer, config, credentials, put, asked, configure };
}
