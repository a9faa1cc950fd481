import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { fileURLToPath } from 'node:url';
import { readOrganization } from '../../src/config/organization-file.ts';

const SCRIPT = fileURLToPath(new URL('../../examples/organization-accounts.sh', import.meta.url));
const hasJq = spawnSync('jq', ['--version']).status === 0;

/** What a program of this name answers, by its arguments without `--output json`. */
const ANSWERS: Readonly<Record<string, object>> = {
  'list-roots': { Roots: [{ Id: 'r-exam' }] },
  'list-organizational-units-for-parent --parent-id r-exam': {
    OrganizationalUnits: [
      { Id: 'ou-exam-11111111', Name: 'Workloads' },
      { Id: 'ou-exam-22222222', Name: 'R&D / Labs' },
    ],
  },
  'list-organizational-units-for-parent --parent-id ou-exam-11111111': {
    OrganizationalUnits: [{ Id: 'ou-exam-33333333', Name: 'Production' }],
  },
  'list-organizational-units-for-parent --parent-id ou-exam-22222222': { OrganizationalUnits: [] },
  'list-organizational-units-for-parent --parent-id ou-exam-33333333': { OrganizationalUnits: [] },
  'list-accounts-for-parent --parent-id r-exam': accounts('999900001111', 'management'),
  'list-accounts-for-parent --parent-id ou-exam-11111111': { Accounts: [] },
  'list-accounts-for-parent --parent-id ou-exam-22222222': accounts('222233334444', 'lab'),
  'list-accounts-for-parent --parent-id ou-exam-33333333': accounts('111122223333', 'Prod (EU)'),
  'list-tags-for-resource --resource-id 999900001111': { Tags: [] },
  'list-tags-for-resource --resource-id 222233334444': {
    Tags: [{ Key: 'env', Value: 'it\'s \\ "' }],
  },
  'list-tags-for-resource --resource-id 111122223333': { Tags: [{ Key: 'env', Value: 'prod' }] },
};

function accounts(id: string, name: string): object {
  return { Accounts: [{ Id: id, Name: name, State: 'ACTIVE' }] };
}

/** Runs the script with an `aws` that answers as above; without an answer, it fails. */
function run(args: readonly string[], { without = '' }: { readonly without?: string } = {}) {
  const directory = mkdtempSync(join(tmpdir(), 'rolebridge-organization-'));
  const file = join(directory, 'accounts.json');
  const answers = Object.fromEntries(Object.entries(ANSWERS).filter(([key]) => key !== without));
  writeFileSync(join(directory, 'answers.json'), JSON.stringify(answers));
  const fake = `#!${process.execPath}
const answers = JSON.parse(require('node:fs').readFileSync(${JSON.stringify(join(directory, 'answers.json'))}, 'utf8'));
const [service, ...words] = process.argv.slice(2);
const text = words.join(' ').replace(/ --output json$/, '');
if (service !== 'organizations' || answers[text] === undefined) process.exit(254);
process.stdout.write(JSON.stringify(answers[text], null, 4));
`;
  writeFileSync(join(directory, 'aws'), fake, { mode: 0o700 });
  try {
    const { status, stderr } = spawnSync(SCRIPT, [...args, file], {
      encoding: 'utf8',
      env: { PATH: `${directory}:${process.env.PATH}` },
    });
    const text = existsSync(file) ? readFileSync(file, 'utf8') : undefined;
    return { status, stderr, text, files: readdirSync(directory).toSorted() };
  } finally {
    rmSync(directory, { recursive: true });
  }
}

describe('the script for the accounts of an organization', {
  skip: !hasJq && 'jq is not installed (Debian package jq)',
}, () => {
  it('writes each account with its units by name', () => {
    const { status, text, files } = run([]);
    assert.equal(status, 0);
    const { accounts: found, problems } = readOrganization(text!);
    assert.deepEqual(problems, []);
    assert.deepEqual(
      found.map(({ name, path, labels }) => [name, path, labels]),
      [
        ['Prod-EU', 'Workloads/Production', {}],
        ['lab', 'R&D - Labs', {}],
        ['management', undefined, {}],
      ],
    );
    assert.deepEqual(files, ['accounts.json', 'answers.json', 'aws']);
  });

  it('adds tags when they are wanted', () => {
    const { accounts: found } = readOrganization(run(['--tags']).text!);
    assert.deepEqual(
      found.map(({ labels }) => labels),
      [{ env: 'prod' }, { env: 'it\'s \\ "' }, {}],
    );
  });

  for (const without of Object.keys(ANSWERS))
    it(`writes nothing when AWS denies ${without}`, () => {
      const { status, text, files } = run(['--tags'], { without });
      assert.notEqual(status, 0);
      assert.equal(text, undefined);
      assert.deepEqual(files, ['answers.json', 'aws']);
    });

  it('says how it is used', () => {
    const { status, stderr } = run(['--tag']);
    assert.equal(status, 2);
    assert.match(stderr, /^usage: organization-accounts\.sh/);
  });
});
