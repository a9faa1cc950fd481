import assert from 'node:assert/strict';
import {
  lstatSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  rmSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import { editFile, rewritten } from '../../../src/cli/aws/config-file.ts';
import type { ConfigSection } from '../../../src/core/aws-config.ts';

const OWNER = 'https://aws.example.com';
const section = (name: string): ConfigSection => ({
  name,
  header: `[profile ${name}]`,
  lines: ['credential_process = x'],
});
const write = (text: string, ...names: string[]): string =>
  rewritten(text, { owner: OWNER, sections: names.map(name => section(name)) }).text;
const remove = (text: string): string => rewritten(text, { owner: OWNER, sections: [] }).text;

/** What people have in their file, byte for byte. */
const FILES: Readonly<Record<string, string>> = {
  nothing: '',
  'one section': '[default]\nregion = eu-west-1\n',
  'no line break at the end': '[default]\nregion = eu-west-1',
  'only blank lines': '\n\n',
  'lines of Windows': '[default]\r\nregion = eu-west-1\r\n',
  'a lone CR at the end': '[default]\nregion = eu-west-1\r',
  'a lone CR at the end, and lines of Windows': '[default]\r\nregion = eu-west-1\r',
  'lines of Windows, none at the end': '[default]\r\nregion = eu-west-1',
  'comments, odd indentation, tabs':
    '# mine\n; also mine\n[profile a]\n\tregion=eu-west-1   # why\n s3 =\n    max_concurrent_requests = 20\n\n\n',
  'a byte order mark and bytes that are no UTF-8':
    '\u00ef\u00bb\u00bf[default]\n# \u00ff\u00fe caf\u00e9\n',
  'the part of another server':
    '# rolebridge: begin https://other.example.com (x)\n[profile z]\n# rolebridge: end https://other.example.com\n',
};

describe('our part of ~/.aws/config', () => {
  for (const [what, text] of Object.entries(FILES)) {
    it(`leaves the rest untouched to the byte, and goes without a trace: ${what}`, () => {
      const written = write(text, 'prod-Admin', 'prod-ReadOnly');

      assert.ok(written.includes('[profile prod-Admin]'));
      assert.ok(written.startsWith(text));
      assert.equal(
        write(written, 'prod-Admin', 'prod-ReadOnly'),
        written,
        'written again, it is the same',
      );
      assert.equal(remove(write(written, 'prod-Admin')), text);
      assert.equal(remove(text), text);
    });
  }

  it('keeps its position when more follows it', () => {
    const text = `${write('[default]\n', 'a')}\n[profile behind]\nregion = x\n`;
    const next = write(text, 'b');
    assert.ok(next.endsWith('\n[profile behind]\nregion = x\n'));
    assert.ok(!next.includes('[profile a]'));
    assert.equal(remove(next), '[default]\n\n[profile behind]\nregion = x\n');
  });

  it('does not write a profile that the user has, in any spelling', () => {
    for (const header of [
      '[profile prod-Admin]',
      '[profile "prod-Admin"]',
      '  [ profile  prod-Admin ]',
      "[profile 'prod-Admin']",
      '[prod-Admin]',
    ]) {
      const { text, conflicts } = rewritten(`${header}\nregion = x\n`, {
        owner: OWNER,
        sections: [section('prod-Admin'), section('other')],
      });
      assert.deepEqual(conflicts, ['prod-Admin'], header);
      assert.ok(
        text.includes('[profile other]') &&
          text.indexOf('prod-Admin') === text.lastIndexOf('prod-Admin'),
        header,
      );
    }
  });

  it('writes a profile beside a section whose name only begins like it', () => {
    for (const header of ['[profile prod-Admin][x]', '[prod-Admin]]', '["prod-Admin"x]']) {
      const { text, conflicts } = rewritten(`${header}\nregion = x\n`, {
        owner: OWNER,
        sections: [section('prod-Admin')],
      });
      assert.deepEqual(conflicts, [], header);
      assert.ok(text.includes('\n[profile prod-Admin]\n'), header);
    }
  });

  it('is not written when a section that its profiles need exists with other settings', () => {
    const services: ConfigSection = {
      name: 'services h',
      header: '[services h]',
      lines: ['sso =', '  endpoint_url = https://h'],
      isShared: true,
    };
    const wanted = { owner: OWNER, sections: [services, section('a')] };
    for (const theirs of [
      '[services h]\n',
      '[services h]\nsso =\n  endpoint_url = https://other\n',
      '[ "services h" ]\ns3 =\n',
    ])
      assert.throws(
        () => rewritten(theirs, wanted),
        { name: 'CliError', exit: 'local', message: /^\[services h\] is already in the file/ },
        theirs,
      );

    const same = rewritten('[services h]\n# mine\nsso=\n    endpoint_url=https://h\n', wanted);
    assert.deepEqual(same.conflicts, []);
    assert.equal(same.text.split('[services h]').length, 2, 'what says the same is used');
    assert.ok(same.text.includes('[profile a]'));
  });

  it('names the profiles whose role has changed', () => {
    const sso = (id: string, role: string) => [`sso_account_id = ${id}`, `sso_role_name = ${role}`];
    const client = (role: string, more = '') => [
      `credential_process = node x credential-process ${role}${more}`,
    ];
    const movedBy = (was: readonly string[], is: readonly string[]): readonly string[] => {
      const part = (lines: readonly string[]) => ({
        owner: OWNER,
        sections: [{ ...section('a'), lines }, section('b')],
      });
      return rewritten(rewritten('', part(was)).text, part(is)).moved;
    };

    assert.deepEqual(movedBy(sso('1', 'Admin'), sso('2', 'Admin')), ['a']);
    assert.deepEqual(movedBy(sso('1', 'Admin'), sso('1', 'Developer')), ['a']);
    assert.deepEqual(movedBy(client('prod/team-Admin'), client('prod-team/Admin')), ['a']);
    assert.deepEqual(movedBy(client('prod/Admin'), client('prod/Admin', ' --login')), []);
    assert.deepEqual(movedBy(client('prod/Admin'), sso('1', 'Admin')), []);
    assert.deepEqual(movedBy(sso('1', 'Admin'), sso('1', 'Admin')), []);
  });

  it('is not changed when its marks were changed; the message names the line', () => {
    const [begin, end] = [`# rolebridge: begin ${OWNER} (x)`, `# rolebridge: end ${OWNER}`];
    for (const [text, says] of [
      [`a\n${begin}\n[profile a]\n`, /line 2: our part .* begins and never ends/],
      [`${end}\n`, /line 1: .* ends without having begun/],
      [`${begin}\n${begin}\n${end}\n`, /line 2: .* begins again/],
      [`${begin}\n${end}\n${begin}\n${end}\n`, /line 3: .* begins a second time/],
    ] as const) {
      assert.throws(() => write(text, 'a'), { name: 'CliError', exit: 'local', message: says });
    }
  });

  it('is not found by the mark of a server whose name starts alike', () => {
    const other =
      '# rolebridge: begin https://aws.example.com.other.example (x)\n# rolebridge: end https://aws.example.com.other.example\n';
    assert.ok(write(other, 'a').startsWith(other));
  });
});

describe('the file', () => {
  const directory = mkdtempSync(join(tmpdir(), 'rolebridge-aws-'));
  after(() => rmSync(directory, { recursive: true, force: true }));

  it('is created for its owner alone, and keeps an existing mode', () => {
    const file = join(directory, 'new', 'config');
    editFile(file, () => 'a');
    assert.equal(statSync(file).mode & 0o777, 0o600);
    const own = join(directory, 'own');
    writeFileSync(own, 'a', { mode: 0o640 });
    editFile(own, text => `${text}b`);
    assert.equal(statSync(own).mode & 0o777, 0o640);
    assert.equal(readFileSync(own, 'utf8'), 'ab');
  });

  it('stays a symbolic link', () => {
    mkdirSync(join(directory, 'dotfiles'));
    const [real, link] = [join(directory, 'dotfiles', 'aws'), join(directory, 'link')];
    writeFileSync(real, 'a');
    symlinkSync(real, link);
    editFile(link, text => `${text}b`);
    assert.ok(lstatSync(link).isSymbolicLink());
    assert.equal(readFileSync(real, 'utf8'), 'ab');
  });

  it('keeps every byte, also those that are not text', () => {
    const file = join(directory, 'bytes');
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, index) => index));
    writeFileSync(file, bytes);
    editFile(file, text => `${text}!`);
    assert.deepEqual(readFileSync(file), Buffer.concat([bytes, Buffer.from('!')]));
  });

  it('keeps what another program writes meanwhile, by making the change again', () => {
    const file = join(directory, 'busy');
    writeFileSync(file, 'a');
    let rounds = 0;
    editFile(file, text => {
      rounds += 1;
      if (rounds === 1) writeFileSync(file, 'theirs');
      return `${text}+ours`;
    });

    assert.equal(readFileSync(file, 'utf8'), 'theirs+ours');
    assert.throws(
      () =>
        editFile(file, text => {
          writeFileSync(file, `${text}.`);
          return `${text}+`;
        }),
      { name: 'CliError', message: /^another program keeps changing / },
    );
  });
});
