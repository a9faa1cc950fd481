/** Looks at the directory of keys as `doctor` does: every fault of every file, and no change. */
import { open, readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { BridgeError } from '../core/errors.ts';
import type { KeyDirectoryFacts, KeyFileFacts } from '../core/host-facts.ts';
import type { KeyUse, PresentKeys } from '../core/known-keys.ts';
import { type KeyDirectory, MAX_FILE_BYTES, openToOthers, TO_READ } from './key-directory.ts';
import { presentSealingKey } from './present-keys.ts';
import { parseSealingSecret, SEALING_FILE } from './sealing-secret.ts';
import { parseKey } from './signing-keys.ts';

const USES = ['saml', 'web-identity', 'service-provider', 'service-provider-encryption'] as const;

export async function inspectKeys(directory: string): Promise<KeyDirectoryFacts> {
  const nothing = { files: [], drafts: [], present: [] };
  const found = await stat(directory).catch(codeOf);
  if (typeof found === 'string')
    return { ...nothing, state: found === 'ENOENT' ? 'missing' : 'unreadable' };
  const owner = found.uid;
  if (!found.isDirectory()) return { ...nothing, owner, state: 'no-directory' };
  const names = await readdir(directory).catch(codeOf);
  if (typeof names === 'string') return { ...nothing, owner, state: 'unreadable' };
  const rings = await Promise.all(USES.map(use => inspectRing(directory, use)));
  const sealing = await inspectSealing(directory);
  const all = [...rings, sealing];
  return {
    state: openToOthers(found.mode, 0o022) ? 'open' : 'present',
    owner,
    files: all.flatMap(({ files }) => files),
    drafts: names.filter(name => name.endsWith('.draft')),
    present: all.flatMap(({ present }) => present ?? []),
  };
}

interface Inspected {
  readonly files: readonly KeyFileFacts[];
  /** Undefined unless all files are good. */
  readonly present: PresentKeys | undefined;
}

async function inspectRing(directory: string, use: Exclude<KeyUse, 'sealing'>): Promise<Inspected> {
  const names = [`${use}.pem`, `${use}.next.pem`, `${use}.previous.pem`];
  const all = await Promise.all(names.map(name => inspectFile(directory, name, parseKey)));
  const [active] = all;
  // Those of a rotation are usually missing.
  const there = all.filter(({ facts }, at) => at === 0 || facts.state !== 'missing');
  const keys = there.flatMap(({ content }) => content ?? []);
  const files = there.map(({ facts, content }) => ({
    ...facts,
    certificateEndsAt: content?.certificateEndsAt,
  }));
  if (active?.content === undefined || keys.length < there.length)
    return { files, present: undefined };
  const { kid, certificateBeginsAt: createdAt } = active.content;
  return { files, present: { use, active: kid, published: keys.map(key => key.kid), createdAt } };
}

async function inspectSealing(directory: string): Promise<Inspected> {
  const parse = (text: string, _name: string, files: Refusing): Uint8Array =>
    parseSealingSecret(text, files);
  const { facts, content } = await inspectFile(directory, SEALING_FILE, parse);
  return { files: [facts], present: content && presentSealingKey(content) };
}

type Refusing = Pick<KeyDirectory, 'refusal'>;
type Parse<T> = (text: string, name: string, files: Refusing) => T | Promise<T>;

/** A refusal that says the problem alone: what names the file is the finding. */
const REFUSING: Refusing = { refusal: (_name, problem) => new BridgeError('unavailable', problem) };

async function inspectFile<T>(
  directory: string,
  name: string,
  parse: Parse<T>,
): Promise<{ readonly facts: KeyFileFacts; readonly content?: T }> {
  const opened = await open(join(directory, name), TO_READ).catch(codeOf);
  if (typeof opened === 'string')
    return { facts: { name, state: opened === 'ENOENT' ? 'missing' : 'unreadable', why: opened } };
  try {
    const status = await opened.stat();
    const { mode, size, mtimeMs: changedAt } = status;
    const seen = { name, changedAt };
    if (!status.isFile()) return { facts: { ...seen, state: 'damaged', why: 'is not a file' } };
    if (openToOthers(mode, 0o077)) return { facts: { ...seen, state: 'open' } };
    if (size > MAX_FILE_BYTES) return { facts: { ...seen, state: 'damaged', why: 'is too large' } };
    const content = await parse(await opened.readFile('utf8'), name, REFUSING);
    return { facts: { ...seen, state: 'good' }, content };
  } catch (thrown) {
    const why =
      thrown instanceof BridgeError ? thrown.message : `cannot be read (${codeOf(thrown)})`;
    return { facts: { name, state: 'damaged', why } };
  } finally {
    await opened.close();
  }
}

function codeOf(thrown: unknown): string {
  return String((thrown as { readonly code?: unknown } | undefined)?.code ?? 'unknown fault');
}
