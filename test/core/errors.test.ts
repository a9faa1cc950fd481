import assert from 'node:assert/strict';
import { mkdtempSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import ts from 'typescript';
import type { ErrorRow } from '../../src/core/error-rows/row.ts';
import { BridgeError, ERRORS } from '../../src/core/errors.ts';

const ROOT = join(import.meta.dirname, '../..');
const ROW = {
  status: 403,
  title: 'Denied',
  hint: 'Ask.',
  page: { offers: 'roles', contact: false },
  record: { audit: 'use-case', log: 'info' },
  oauth: 'access_denied',
  aws: { oidc: 'same', portal: 'ForbiddenException', hint: 'same' },
  exit: 'refused',
} as const satisfies ErrorRow;

/** Every face of a row, as a path: `aws.oidc`. */
const FACES = Object.entries(ROW).flatMap(([name, value]) =>
  typeof value === 'object' ? Object.keys(value).map(inner => `${name}.${inner}`) : [name],
);

/** What the compiler says about each row, were it in the table. */
function compile(rows: readonly object[]): readonly (readonly string[])[] {
  const directory = mkdtempSync(join(tmpdir(), 'rolebridge-errors-'));
  try {
    symlinkSync(join(ROOT, 'src'), join(directory, 'src'));
    const files = rows.map((row, index) => {
      const file = join(directory, `row-${index}.mts`);
      const text = `import type { ErrorRow } from './src/core/error-rows/row.ts';
export const INJECTED = { new_code: ${JSON.stringify(row)} } as const satisfies Record<string, ErrorRow>;\n`;
      writeFileSync(file, text);
      return file;
    });
    const { config } = ts.readConfigFile(join(ROOT, 'tsconfig.json'), ts.sys.readFile);
    const { options } = ts.parseJsonConfigFileContent(config, ts.sys, ROOT);
    const program = ts.createProgram(files, { ...options, types: [] });
    return files.map(file =>
      ts
        .getPreEmitDiagnostics(program, program.getSourceFile(file))
        .map(({ messageText }) => ts.flattenDiagnosticMessageText(messageText, '\n')),
    );
  } finally {
    rmSync(directory, { recursive: true, force: true });
  }
}

function without(face: string): object {
  const [name, inner] = face.split('.') as [keyof typeof ROW, string?];
  const row: Record<string, unknown> = structuredClone(ROW);
  if (inner === undefined) delete row[name];
  else delete (row[name] as Record<string, unknown>)[inner];
  return row;
}

describe('the row of a new error code', () => {
  it('does not compile without any one of its faces', () => {
    const [complete, ...incomplete] = compile([ROW, ...FACES.map(without)]);
    assert.deepEqual(complete, []);
    for (const [index, face] of FACES.entries()) {
      const missing = face.split('.').at(-1);
      assert.match(incomplete[index]!.join('\n'), new RegExp(`'${missing}' is missing in type`));
    }
  });

  it('does not compile with an unknown face', () => {
    const [unknown] = compile([{ ...ROW, page: { offers: 'cake', contact: false } }]);
    assert.match(unknown!.join('\n'), /"cake"/);
  });
});

describe('the table of errors', () => {
  it('logs faults of the bridge as errors, and nothing else', () => {
    for (const [code, { status, record }] of Object.entries(ERRORS))
      assert.equal(record.log === 'error', status >= 500, code);
  });

  it('ends the client with "unreachable" for faults of the server and rate limits alone', () => {
    for (const [code, { status, exit }] of Object.entries(ERRORS))
      assert.equal(exit === 'unreachable', status >= 500 || status === 429, code);
  });

  it('shows whom to contact where the hint says to contact the administrator', () => {
    for (const [code, { hint, page }] of Object.entries(ERRORS))
      if (/ your administrator/.test(hint)) assert.equal(page.contact, true, code);
  });

  it('writes titles without and hints with a full stop', () => {
    for (const [code, { title, hint, aws }] of Object.entries(ERRORS)) {
      assert.match(title, /^[A-Z][^.]+[^.]$/, code);
      for (const text of [hint, aws.hint])
        if (text !== 'same') assert.match(text, /^[A-Z].*\.$/, code);
    }
  });
});

describe('BridgeError', () => {
  it('has the texts of its row unless it is thrown with its own', () => {
    const { hint, offers } = new BridgeError('not_found', 'no route');
    assert.deepEqual([hint, offers], [ERRORS.not_found.hint, ERRORS.not_found.page.offers]);
    const better = new BridgeError('not_found', 'no route', { hint: 'Go home.', offers: 'retry' });
    assert.deepEqual([better.hint, better.offers], ['Go home.', 'retry']);
  });
});
