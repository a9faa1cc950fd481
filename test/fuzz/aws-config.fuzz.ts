/**
 * `~/.aws/config`: whatever users have in it, the client changes its own part only, and what AWS
 * tools read besides stays as it was. Python is the other reader.
 */
import assert from 'node:assert/strict';
import { rewritten } from '../../src/cli/aws/config-file.ts';
import { profileOf, readAwsIni } from '../../src/cli/aws/ini.ts';
import { CliError } from '../../src/cli/terminal/exit.ts';
import { awsConfig } from '../../src/core/aws-config.ts';
import { readByPython, SKIP_PYTHON } from './python-reader.ts';
import { type FuzzTarget, promise } from './target.ts';

const OWNER = 'https://aws.example.com';
const END = `# rolebridge: end ${OWNER}`;
const SECTIONS = awsConfig('sso-session', {
  ...{ baseUrl: OWNER, ssoRegion: 'us-east-1' },
  roles: [
    { account: { id: '111122223333', name: 'prod', region: 'eu-west-1' }, role: 'Admin' },
    { account: { id: '444455556666', name: 'dev', region: 'us-east-1' }, role: 'team/ReadOnly' },
  ],
});

export const target: FuzzTarget = {
  name: 'aws-config',
  encoding: 'latin1',
  needsPython: true,
  mostBytes: 3000,
  mostMilliseconds: 300,
  guidedBy: ['/src/cli/aws/config-file', '/src/cli/aws/ini'],
  covers: ['src/cli/aws/config-file.ts', 'src/cli/aws/ini.ts'],
  check: async input => {
    const ini = readAwsIni(input);
    const before = SKIP_PYTHON ? undefined : await readByPython(input);
    if (before !== undefined) checkReading(input, ini, before);
    const written = change(input, SECTIONS);
    if (written === undefined) return;
    const { text, conflicts, takenOver } = written;
    promise(change(text, SECTIONS)?.text === text, 'writing again changes nothing');
    const rest = change(input, [])!.text;
    promise(isInput(rest, input), 'without our part, a file is what it was, byte for byte');
    const removed = change(text, []);
    promise(removed !== undefined, 'what was written can be removed');
    if (takenOver.length === 0)
      promise(removed.text === rest, 'what others wrote stays, byte for byte');
    if (before === undefined || !('sections' in before)) return;
    const others = await readByPython(rest);
    promise('sections' in others, 'a file that AWS tools read stays one without our part');
    const after = await readByPython(text);
    promise('sections' in after, 'a file that AWS tools read stays one');
    // Settings below our part belong to its last section, whichever that is.
    if (!beginsWithSection(input.split(END)[1])) return;
    const own = SECTIONS.filter(({ name }) => !conflicts.includes(name));
    const headers = own.map(({ header }) => header.slice(1, -1));
    for (const [name, options] of Object.entries(others.sections)) {
      if (headers.includes(name)) continue;
      promise(isSame(after.sections[name], options), 'sections of others stay as they were');
    }
    for (const { header, lines } of own) {
      const options = after.sections[header.slice(1, -1)];
      promise(options !== undefined, 'AWS tools find every section that was written');
      for (const line of lines.filter(line => !line.startsWith(' ') && !line.endsWith('='))) {
        const [name, value] = line.split(' = ');
        promise(options[name!] === value, 'AWS tools read every setting as it was written');
      }
    }
  },
};

function beginsWithSection(belowOurPart: string | undefined): boolean {
  const lines = belowOurPart?.split(/[\r\n]+/).slice(1) ?? [];
  const first = lines.find(line => !/^\s*(?:[#;]|$)/.test(line));
  return first === undefined || /^\[.*\]/.test(first);
}

/** Whether the text is the input without one piece of it. */
function isInput(text: string, input: string): boolean {
  let same = 0;
  while (same < text.length && text[same] === input[same]) same++;
  return input.endsWith(text.slice(same)) && text.length <= input.length;
}

function change(text: string, sections: typeof SECTIONS): ReturnType<typeof rewritten> | undefined {
  try {
    return rewritten(text, { owner: OWNER, sections });
  } catch (thrown) {
    if (thrown instanceof CliError) return undefined;
    throw thrown;
  }
}

function checkReading(
  input: string,
  { sections, faults }: ReturnType<typeof readAwsIni>,
  python: Awaited<ReturnType<typeof readByPython>>,
): void {
  const lines = input.split(/\r\n|\r|\n/).length;
  promise(
    faults.every(({ line, why }) => line >= 1 && line <= lines && why !== ''),
    'a fault is on a line of the file, and says why',
  );
  const isRejected = faults.some(({ kind }) => kind === 'rejected');
  promise(isRejected === 'fault' in python, 'a file is rejected exactly if AWS tools reject it');
  if (isRejected || 'fault' in python || faults.length > 0) return;
  const seen = Object.fromEntries(
    sections
      .filter(({ header }) => header !== 'DEFAULT')
      .map(({ header, options }) => [
        header,
        Object.fromEntries(
          [...options].map(([name, values]) => [name.toLowerCase(), plain(values.join('\n'))]),
        ),
      ]),
  );
  const theirs = Object.fromEntries(
    Object.entries(python.sections).map(([header, options]) => [
      header,
      Object.fromEntries(Object.entries(options).map(([name, value]) => [name, plain(value)])),
    ]),
  );
  if (!sections.some(({ header }) => header === 'DEFAULT'))
    promise(isSame(seen, theirs), 'sections and settings are those that AWS tools see');
  promise(
    sections.every(section => profileOf(section) !== ''),
    'a profile has a name',
  );
}

/** Layout of continued lines is not part of a value, nor are empty lines between them. */
function plain(value: string): string {
  const [first = '', ...more] = value.split('\n').map(line => line.trim());
  return [first, ...more.filter(line => line !== '')].join('\n');
}

function isSame(one: unknown, other: unknown): boolean {
  try {
    assert.deepEqual(one, other);
    return true;
  } catch {
    return false;
  }
}
