/** Templates that would keep their reader busy, or that break it: each is a mistake, in time. */
import assert from 'node:assert/strict';
import { describe, test } from 'node:test';
import { createSamlMetadataSource } from '../../../src/dev/local-aws/saml-metadata.ts';
import { TemplateError } from '../../../src/dev/local-aws/templates/template-error.ts';
import { applyTemplate } from '../../../src/dev/local-aws/templates/templates.ts';
import { parseWorld } from '../../../src/dev/local-aws/world.ts';
import { PROD } from './support.ts';

function locals(values: Readonly<Record<string, unknown>>): object {
  return {
    terraform: {},
    locals: values,
    output: { last: { value: `\${local.last}` } },
  };
}

/** `l1 = l0 l0`, `l2 = l1 l1` and so on. */
function doubling(first: unknown, twice: (name: string) => unknown): object {
  const steps = Array.from({ length: 40 }, (_, n) => [`l${n + 1}`, twice(`\${local.l${n}}`)]);
  return locals({ l0: first, ...Object.fromEntries(steps), last: `\${local.l40}` });
}

function nested(depth: number): unknown {
  let value: unknown = 'a';
  for (let level = 0; level < depth; level += 1) value = [value];
  return value;
}

function stack(parts: object): object {
  return {
    Resources: { Role: { Type: 'AWS::IAM::Role', Properties: {} } },
    ...parts,
  };
}

const SLOW = '(a+)+b';
const CASES: readonly (readonly [string, unknown, RegExp, Record<string, string>?])[] = [
  ['text that doubles forty times', doubling('x'.repeat(1000), t => t + t), /too large/],
  ['lists that double forty times', doubling(['x'], t => [t, t]), /too large|nested deeper/],
  ['a local value of itself', locals({ last: `\${local.last}` }), /depends on itself/],
  [
    'local values in a circle',
    locals({ a: `\${local.last}`, last: `\${local.a}` }),
    /depends on itself/,
  ],
  ['10,000 levels of JSON', locals({ last: nested(10_000) }), /nested deeper than 100/],
  [
    '20,000 brackets',
    locals({ last: `\${${'('.repeat(20_000)}1${')'.repeat(20_000)}}` }),
    /too large or nested/,
  ],
  ['20,000 negations', locals({ last: `\${${'!'.repeat(20_000)}true}` }), /too large or nested/],
  [
    'a pattern without end',
    locals({ last: `\${regex("${SLOW}", "${'a'.repeat(40)}")}` }),
    /takes more than 1 s/,
  ],
  ['a pattern that is none', locals({ last: `\${regex("(", "a")}` }), /no regular expression/],
  [
    'a pattern that is none, tried',
    locals({ last: `\${regex("[", "a")}` }),
    /no regular expression/,
  ],
  ['a function without arguments', locals({ last: `\${join()}` }), /needs 2 arguments/],
  ['the length of nothing', locals({ last: `\${length(null)}` }), /needs a list/],
  [
    'a billion resources',
    { resource: { aws_iam_role: { a: { count: 1_000_000_000, name: 'a' } } } },
    /count is not a whole number/,
  ],
  [
    'a negative count',
    { resource: { aws_iam_role: { a: { count: -1 } } } },
    /count is not a whole/,
  ],
  [
    'a pattern of a parameter without end',
    stack({ Parameters: { P: { Type: 'String', AllowedPattern: SLOW } } }),
    /takes more than 1 s/,
    { P: 'a'.repeat(40) },
  ],
  [
    'a pattern of a parameter that is none',
    stack({ Parameters: { P: { Type: 'String', AllowedPattern: '(' } } }),
    /no regular expression/,
    { P: 'a' },
  ],
  [
    'a map that is the prototype',
    stack({ Outputs: { O: { Value: { 'Fn::FindInMap': ['__proto__', 'constructor', 'name'] } } } }),
    /Mappings has no|Role/,
  ],
];

describe('a template is a mistake with', () => {
  for (const [what, template, message, parameters] of CASES)
    test(what, () => {
      const world = parseWorld({ accounts: [{ id: PROD, name: 'prod' }] });
      const iam = { world, now: () => Date.now(), samlMetadata: createSamlMetadataSource() };
      const started = process.cpuUsage();
      assert.throws(
        () => applyTemplate(iam, { template, account: PROD, parameters }),
        (error: unknown) => {
          assert.ok(error instanceof TemplateError, String(error));
          assert.match(error.message.slice(0, 2000), message);
          return true;
        },
      );
      const { user } = process.cpuUsage(started);
      assert.ok(user < 5_000_000, `took ${user / 1000} ms`);
      assert.equal(world.roles.size, 0);
    });
});
