import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { it } from 'node:test';
import { readPage } from './pages.ts';

const SRC = new URL('../../src/', import.meta.url);
/** They have logs of their own, which are no part of the server's. */
const OTHER_PROGRAMS = /^(?:cli|dev)\//;

/** A call of a log, up to the end of its message: `log.warn({ why }, 'MESSAGE'`. */
const CALL = /\blog[.[][^(\n]*\(\s*(?:\{[^;]*?\},\s*)?'([^']+)'/g;

it('the page lists exactly the messages that the server logs', () => {
  const sources = readdirSync(SRC, { recursive: true, encoding: 'utf8' })
    .filter(name => name.endsWith('.ts') && !OTHER_PROGRAMS.test(name))
    .map(name => readFileSync(new URL(name, SRC), 'utf8'));
  const logged = sources.flatMap(source => [...source.matchAll(CALL)].map(([, text]) => text!));

  const [section] = readPage('observe.md').split('\n## Log\n')[1]!.split('\n## ');
  const listed = [...section!.matchAll(/^\| ((?:`[^`]+`(?:, )?)+) \|/gm)].flatMap(([, cell]) =>
    [...cell!.matchAll(/`([^`]+)`/g)].map(([, text]) => text!),
  );
  const heading = 'msg';
  assert.deepEqual(listed.filter(text => text !== heading).sort(), [...new Set(logged)].sort());
});
