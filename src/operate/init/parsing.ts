/** What an answer must be: the same as in the configuration, by its schema. */
import { existsSync } from 'node:fs';
import type { z } from 'zod';
import { account } from '../../config/account-schema.ts';
import { connectorId, groupName, roleName } from '../../config/aws-values.ts';
import { host, origin, url } from '../../config/network-values.ts';
import { quoted } from '../../config/problems.ts';
import { filePath, secret } from '../../config/reference-values.ts';
import { schemaProblems } from '../../config/schema-problems.ts';
import { text as line, token } from '../../config/values.ts';
import { listed } from '../../core/listed.ts';
import { isAccountId } from '../../core/role.ts';
import type { Answers, GivenAccount, GivenRule, SecretPlace } from './answers.ts';
import type { ClaimNames } from './provider-row.ts';

/** An answer that cannot be used. The message completes a sentence about it, with the fix. */
export class Invalid extends Error {}

function valueBy<T extends z.ZodType>(schema: T, value: unknown): z.output<T> {
  const read = schema.safeParse(value);
  if (read.success) return read.data;
  const [problem] = schemaProblems(read.error.issues, value);
  throw new Invalid(`${problem!.message} ${problem!.fix}`);
}

export function baseUrlIn(text: string): string {
  return valueBy(origin(), text);
}

export function addressIn(text: string): string {
  return valueBy(url(), text);
}

export function metadataIn(text: string, isAddress: boolean): string {
  return isAddress ? addressIn(text) : pathIn(text);
}

export function pathIn(text: string): string {
  return valueBy(filePath(), text);
}

export function existingPathIn(text: string): string {
  const path = pathIn(text);
  if (!existsSync(path)) throw new Invalid('names a file that does not exist. Correct the path.');
  return path;
}

export function clientIdIn(text: string): string {
  return valueBy(token(256), text);
}

export function choiceIn<const T extends string>(values: readonly T[], text: string): T {
  const found = values.find(value => value === text);
  if (found === undefined) throw new Invalid(`must be one of ${values.join(', ')}.`);
  return found;
}

export function connectorIn(texts: readonly string[]): string {
  if (texts.length > 1)
    throw new Invalid('is given twice. Write further connectors into the file.');
  return valueBy(connectorId(), texts[0]);
}

/** Texts that begin with `env:` or `file:`. */
export function secretIn(texts: readonly string[]): SecretPlace {
  const [text = '', ...more] = texts;
  if (more.length > 0) throw new Invalid('is given twice. Name one place.');
  const [kind, ...rest] = text.split(':');
  const target = rest.join(':');
  const place: SecretPlace = kind === 'env' ? { env: target } : { file: target };
  valueBy(secret(), place);
  return place;
}

const CLAIMS: readonly (keyof ClaimNames)[] = ['username', 'email', 'groups'];

export function claimsIn(texts: readonly string[]): Answers['claims'] {
  return Object.fromEntries(
    texts.map(text => {
      const [name = '', ...rest] = text.split('=');
      return [choiceIn(CLAIMS, name), valueBy(token(256), rest.join('='))];
    }),
  );
}

/** `ID=NAME`; also several in one text, separated by commas. */
export function accountsIn(texts: readonly string[]): readonly GivenAccount[] {
  const accounts = texts
    .flatMap(text => text.split(','))
    .map(text => text.trim())
    .filter(text => text !== '')
    .map(accountIn);
  if (accounts.length === 0) throw new Invalid('is empty. Write ID=NAME: 111122223333=prod.');
  return accounts;
}

function accountIn(text: string): GivenAccount {
  const [id = '', ...rest] = text.split('=');
  const name = rest.join('=');
  if (name === '') throw new Invalid('has no name. Write ID=NAME: 111122223333=prod.');
  if (!isAccountId(id))
    throw new Invalid(
      `contains ${quoted(id)}, which is not an AWS account id. Write its twelve digits.`,
    );
  return { id, name: valueBy(account.shape.name, name) };
}

/**
 * `GROUP=ACCOUNT/ROLE`: the last `=` ends the group, the first `/` after it the account. An account
 * must be one of `accounts`, if they are known, unless it is a pattern.
 */
export function rulesIn(
  texts: readonly string[],
  accounts?: readonly GivenAccount[],
): readonly GivenRule[] {
  return texts.map(text => {
    const [, group, name, role] = /^(.+)=([^=/]+)\/([^=]+)$/s.exec(text) ?? [];
    if (group === undefined || name === undefined)
      throw new Invalid('is not GROUP=ACCOUNT/ROLE. Write it as aws-admins=prod/Admin.');
    if (accounts !== undefined && !name.includes('*') && !accounts.some(isNamed(name)))
      throw new Invalid(`names an account that is not given. Write ${namesOf(accounts)} or *.`);
    return {
      group: valueBy(groupName(), group),
      account: valueBy(line(64), name),
      role: valueBy(roleName(), role),
    };
  });
}

function isNamed(text: string): (account: GivenAccount) => boolean {
  return ({ id, name }) => id === text || name === text;
}

function namesOf(accounts: readonly GivenAccount[]): string {
  return listed(accounts.map(({ name }) => name));
}

/** `HOST:PORT`, with an IPv6 address in brackets. */
export function listenIn(text: string): Answers['listen'] {
  const [, bracketed, plain, port] = /^(?:\[([^\]]+)\]|([^:]+)):(\d{1,5})$/.exec(text) ?? [];
  if (port === undefined || Number(port) > 65_535)
    throw new Invalid('is not HOST:PORT. Write it as 127.0.0.1:3000.');
  return { host: valueBy(host(), bracketed ?? plain), port: Number(port) };
}
