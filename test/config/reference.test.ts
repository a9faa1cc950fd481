import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { it } from 'node:test';
import { z } from 'zod';
import { renderReference } from '../../src/config/reference.ts';
import { documentSchema } from '../../src/config/schema.ts';
import { factsOf, unwrapped } from '../../src/config/schema-walk.ts';

it('the reference page is current (npm run docs:configuration)', () => {
  assert.equal(
    readFileSync(new URL('../../docs/configuration.md', import.meta.url), 'utf8'),
    renderReference(),
  );
});

it('describes every key and the form of every value', () => {
  const visit = (path: string, schema: z.ZodType): string[] => {
    const inner = unwrapped(schema);
    const missing =
      factsOf(schema).description === undefined && !path.endsWith('[]') && path !== ''
        ? [`${path}: meaning`]
        : [];
    if (inner instanceof z.ZodArray)
      return [...missing, ...visit(`${path}[]`, inner.element as z.ZodType)];
    if (inner instanceof z.ZodObject) {
      return [
        ...missing,
        ...Object.entries(inner.shape).flatMap(([key, child]) =>
          visit(`${path}.${key}`, child as z.ZodType),
        ),
      ];
    }
    return factsOf(schema).kind === undefined ? [...missing, `${path}: kind`] : missing;
  };
  assert.deepEqual(visit('', documentSchema), []);
});

it('shows only defaults that their keys accept', () => {
  const visit = (path: string, schema: z.ZodType): string[] => {
    const inner = unwrapped(schema);
    const refused =
      schema instanceof z.ZodPrefault && !schema.safeParse(undefined).success ? [path] : [];
    if (inner instanceof z.ZodArray)
      return [...refused, ...visit(`${path}[]`, inner.element as z.ZodType)];
    if (!(inner instanceof z.ZodObject)) return refused;
    return [
      ...refused,
      ...Object.entries(inner.shape).flatMap(([key, child]) =>
        visit(`${path}.${key}`, child as z.ZodType),
      ),
    ];
  };
  assert.deepEqual(visit('', documentSchema), []);
});
