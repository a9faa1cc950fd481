/**
 * Two bridges in one `~/.aws`, with the tools that people use: AWS CLIs of three Debian releases,
 * boto3 of two, the AWS SDKs for JavaScript and Go.
 *
 * alice is signed in at the first bridge, bob at the second; both have the same roles of the same
 * accounts.
 */
import assert from 'node:assert/strict';
import { execFile, spawn } from 'node:child_process';
import { mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { homedir } from 'node:os';
import { join } from 'node:path';
import { before, describe, it } from 'node:test';
import { promisify } from 'node:util';
import { awsConfig, renderSections } from '../../src/core/aws-config.ts';
import { awsClients } from '../support/aws-clients.ts';
import { QUICK_POLLS, useComputer } from '../support/cli.ts';
import { confirmDevice } from '../support/cli-login.ts';
import { missingPackage } from '../support/missing-package.ts';
import type { Visitor } from '../support/visitor.ts';
import { useWorld, type World } from '../support/world.ts';

const run = promisify(execFile);
const CACHE = join(process.env.XDG_CACHE_HOME ?? join(homedir(), '.cache'), 'rolebridge');
const SUITES = [
  { suite: 'trixie', place: join(CACHE, 'aws-cli') },
  { suite: 'sid', place: join(CACHE, 'aws-cli-sid') },
] as const;
const placeOf = (wanted: string): string => SUITES.find(({ suite }) => suite === wanted)!.place;
const skipWithout = (place: string, suite: string) =>
  missingPackage(join(place, 'aws'), `awscli of ${suite}: test/wire/install-aws-cli.sh`);

/**
 * A release of the AWS CLI, and what its user writes: profiles of either form, or `--sso-session`
 * with a services section in [default].
 */
export interface Login {
  readonly suite: 'trixie' | 'sid';
  readonly form: 'sso-session' | 'legacy' | 'session-option';
}

const FORMS = ['sso-session', 'legacy', 'session-option'] as const;
export const LOGINS: readonly Login[] = SUITES.flatMap(({ suite }) =>
  FORMS.map(form => ({ suite, form })),
);

/** Every tool by profiles of `configure`, and these logins of the AWS CLI. */
export function describeTwoBridges(logins: readonly Login[]): void {
  describe('two bridges in one ~/.aws', () => {
    const first = useWorld(QUICK_POLLS);
    const second = useWorld(QUICK_POLLS);
    const computer = useComputer();
    let alice: Visitor;
    let bob: Visitor;
    before(async () => {
      mkdirSync(computer.file('.aws'));
      alice = await computer.logIn(first, 'alice');
      await computer.done(['configure', '--yes']);
      bob = await computer.logIn(second, 'bob', { protocol: 'oidc', args: ['--as', 'lab'] });
      await computer.done(['configure', '--yes']);
    });

    const awsEnv = (
      profile: string,
      { urls }: World,
      env: NodeJS.ProcessEnv = {},
    ): NodeJS.ProcessEnv => ({
      ...computer.env,
      AWS_PROFILE: profile,
      AWS_ENDPOINT_URL_STS: urls.aws,
      AWS_PAGER: '',
      AWS_MAX_ATTEMPTS: '1',
      ...env,
    });
    /**
     * Who a tool is by the profile, in the AWS of the world that is meant: keys of the other one
     * are unknown there.
     */
    const arnBy = async (program: readonly string[], env: NodeJS.ProcessEnv): Promise<string> => {
      const [command, ...args] = program;
      return (await run(command!, args, { env, timeout: 60_000 })).stdout.trim();
    };
    const whoIs = (place: string): string[] => [
      join(place, 'aws'),
      'sts',
      'get-caller-identity',
      '--query',
      'Arn',
      '--output',
      'text',
    ];
    const ALICE = /^arn:aws:sts::111122223333:assumed-role\/Developer\/alice-/;
    const BOB = /^arn:aws:sts::111122223333:assumed-role\/Developer\/bob-/;

    for (const { name, words, missing } of awsClients()) {
      it(`the ${name} acts as the user of the bridge of its profile`, {
        skip: missing,
      }, async () => {
        assert.match(await arnBy(words(first.urls.aws), awsEnv('prod-Developer', first)), ALICE);
        assert.match(
          await arnBy(words(second.urls.aws), awsEnv('lab-prod-Developer', second)),
          BOB,
        );
      });
    }

    /** `aws sso login` by a code that the person confirms at their bridge. */
    const ssoLogin = async (
      program: readonly string[],
      env: NodeJS.ProcessEnv,
      confirm: (code: string) => Promise<void>,
    ): Promise<void> => {
      const [command, ...args] = program;
      const child = spawn(
        command!,
        ['sso', 'login', '--no-browser', '--use-device-code', ...args],
        {
          env: { ...env, PYTHONUNBUFFERED: '1' },
          stdio: ['ignore', 'pipe', 'pipe'],
        },
      );
      let said = '';
      let confirming: Promise<void> | undefined;
      const hear = (chunk: Buffer): void => {
        said += chunk.toString();
        const code = /\b[B-Z]{4}-[B-Z]{4}\b/.exec(said)?.[0];
        if (code !== undefined) confirming ??= confirm(code);
      };
      child.stdout.on('data', hear);
      child.stderr.on('data', hear);
      const exit = await new Promise<number | null>(resolve => child.once('close', resolve));
      await confirming;
      assert.equal(exit, 0, said);
    };
    const tokens = (): string[] =>
      readdirSync(computer.file('.aws/sso/cache')).filter(name =>
        readFileSync(computer.file('.aws/sso/cache', name), 'utf8').includes('"accessToken"'),
      );

    const ROLES = [
      { account: { id: '111122223333', name: 'prod', region: 'eu-west-1' }, role: 'Developer' },
    ];
    const legacy = ({ urls }: World, prefix: string): string =>
      renderSections(
        awsConfig('sso-legacy', {
          baseUrl: urls.bridge,
          ssoRegion: 'us-east-1',
          roles: ROLES,
          profileName: () => `${prefix}prod-Developer`,
        }),
      );
    const profiles = {
      'sso-session': async (): Promise<void> => {
        const env = { AWS_CONFIG_FILE: computer.file('.aws/config-sso') };
        await computer.done(['configure', '--sso', '--yes', '--server', first.urls.bridge], {
          env,
        });
        await computer.done(['configure', '--sso', '--yes', '--bridge', 'lab'], { env });
      },
      legacy: async (): Promise<void> =>
        writeFileSync(
          computer.file('.aws/config-sso'),
          `${legacy(first, '')}\n${legacy(second, 'lab-')}`,
        ),
    };
    for (const { suite, form } of logins) {
      const place = placeOf(suite);
      if (form === 'session-option') {
        goesBySessionOption(suite, place);
        continue;
      }
      it(`the AWS CLI of ${suite} logs in to both with ${form} profiles and keeps their tokens and credentials apart`, {
        skip: skipWithout(place, suite),
      }, async () => {
        for (const name of ['.aws/sso', '.aws/cli', '.aws/config-sso'])
          rmSync(computer.file(name), { recursive: true, force: true });
        await profiles[form]();
        const env = { AWS_CONFIG_FILE: computer.file('.aws/config-sso') };
        const one = awsEnv('prod-Developer', first, env);
        const other = awsEnv('lab-prod-Developer', second, env);

        await ssoLogin([join(place, 'aws')], one, code => confirmDevice(first, alice, code));
        assert.match(await arnBy(whoIs(place), one), ALICE);

        await ssoLogin([join(place, 'aws')], other, code => confirmDevice(second, bob, code));
        assert.equal(tokens().length, 2);
        assert.match(await arnBy(whoIs(place), other), BOB);
        assert.match(await arnBy(whoIs(place), one), ALICE);
        // From the cache of the CLI.
        assert.match(await arnBy(whoIs(place), other), BOB);
      });
    }

    function goesBySessionOption(suite: string, place: string): void {
      it(`the AWS CLI of ${suite} uses the bridge with --sso-session if [default] names the services section`, {
        skip: skipWithout(place, suite),
      }, async () => {
        rmSync(computer.file('.aws/sso'), { recursive: true, force: true });
        const sections = awsConfig('sso-session', {
          baseUrl: first.urls.bridge,
          ssoRegion: 'us-east-1',
          roles: ROLES,
        });
        const session = new URL(first.urls.bridge).host.replace(':', '-');
        writeFileSync(
          computer.file('.aws/config-sso'),
          `[default]\nservices = ${session}\n\n${renderSections(sections)}`,
        );
        const { AWS_PROFILE: _, ...env } = awsEnv('', first, {
          AWS_CONFIG_FILE: computer.file('.aws/config-sso'),
        });

        await ssoLogin([join(place, 'aws'), '--sso-session', session], env, code =>
          confirmDevice(first, alice, code),
        );

        assert.match(await arnBy(whoIs(place), { ...env, AWS_PROFILE: 'prod-Developer' }), ALICE);
      });
    }
  });
}
