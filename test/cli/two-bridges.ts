/** Two real bridges and computers that know them. */
import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import { cpSync, mkdirSync, readFileSync } from 'node:fs';
import { afterEach, before } from 'node:test';
import { promisify } from 'node:util';
import { Computer, QUICK_POLLS, useComputer } from '../support/cli.ts';
import { useWorld, type World } from '../support/world.ts';

const run = promisify(execFile);
export const ROLE = 'prod/Developer';

/**
 * For the tests of the surrounding suite: two bridges, and what computers do there. alice is signed
 * in at the first, bob at the second.
 */
export function useTwoBridges() {
  const first = useWorld(QUICK_POLLS);
  const second = useWorld(QUICK_POLLS);
  /** Both are known there; the second, called lab, is the one of the last login. */
  const prepared = useComputer();
  const computers: Computer[] = [];
  before(async () => {
    await logInAtFirst(prepared);
    await logInAtSecond(prepared, '--as', 'lab');
  });
  afterEach(() => {
    for (const computer of computers.splice(0)) computer.close();
  });

  const laptop = (): Computer => {
    const computer = new Computer();
    computers.push(computer);
    mkdirSync(computer.file('.aws'));
    return computer;
  };
  const logInAtFirst = (computer: Computer, ...args: string[]) =>
    computer.logIn(first, 'alice', { args });
  const logInAtSecond = (computer: Computer, ...args: string[]) =>
    computer.logIn(second, 'bob', { protocol: 'oidc', args });
  /** As prepared. Who ends the login there ends it for all. */
  const both = (): Computer => {
    const computer = laptop();
    cpSync(prepared.home, computer.home, { recursive: true });
    return computer;
  };
  const bothForItself = async (): Promise<Computer> => {
    const computer = laptop();
    await Promise.all([logInAtFirst(computer), logInAtSecond(computer, '--as', 'lab')]);
    await computer.done(['login', '--bridge', 'lab']);
    return computer;
  };
  const at = (world: World): string[] => ['--server', world.urls.bridge];
  const config = (computer: Computer): string => readFileSync(computer.file('.aws/config'), 'utf8');
  const settings = (computer: Computer): unknown =>
    JSON.parse(readFileSync(computer.file('.config/rolebridge/config.json'), 'utf8'));
  const lineOf = (computer: Computer, profile: string): string => {
    const line = new RegExp(`^\\[profile ${profile}\\]\\ncredential_process = (.+)$`, 'm').exec(
      config(computer),
    )?.[1];
    assert.ok(line, `${profile} in ${config(computer)}`);
    return line;
  };
  /** What the line of a profile gives to an AWS tool. */
  const keyOf = async (
    computer: Computer,
    profile: string,
    env: Record<string, string> = {},
  ): Promise<string> => {
    const { stdout } = await run('/bin/sh', ['-c', lineOf(computer, profile)], {
      env: { ...computer.env, ...env } as NodeJS.ProcessEnv,
    });
    return (JSON.parse(stdout) as { AccessKeyId: string }).AccessKeyId;
  };
  const identityAt = async (
    computer: Computer,
    world: World,
  ): Promise<{ key: string; arn: string }> => {
    const said = JSON.parse(
      await computer.done(['credentials', ROLE, '--json', ...at(world)]),
    ) as Record<string, string>;
    return { key: said.access_key_id!, arn: said.assumed_role_arn! };
  };
  const says = (
    result: { code: number | null; stdout: string; stderr: string },
    code: number,
    ...patterns: (RegExp | string)[]
  ): void => {
    assert.equal(result.code, code, result.stderr);
    assert.equal(result.stdout, '', 'nothing for programs');
    for (const pattern of patterns)
      assert.ok(
        typeof pattern === 'string' ? result.stderr.includes(pattern) : pattern.test(result.stderr),
        `${pattern} in ${result.stderr}`,
      );
  };

  return {
    first,
    second,
    laptop,
    logInAtFirst,
    logInAtSecond,
    both,
    bothForItself,
    at,
    config,
    settings,
    lineOf,
    keyOf,
    identityAt,
    says,
  };
}
