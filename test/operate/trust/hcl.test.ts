// biome-ignore-all lint/suspicious/noTemplateCurlyInString: templates of Terraform
import assert from 'node:assert/strict';
import { describe, it } from 'node:test';
import { type Block, hclText, quotedText, terraformJson } from '../../../src/operate/trust/hcl.ts';

const block = (attributes: Block['attributes'], rest: Partial<Block> = {}): Block => ({
  type: 'resource',
  labels: ['a', 'b'],
  attributes,
  ...rest,
});

describe('a text in HCL', () => {
  for (const [text, written] of [
    ['plain', '"plain"'],
    ['a "b" \\ c', String.raw`"a \"b\" \\ c"`],
    ['two\nlines\r\n\tand', String.raw`"two\nlines\r\n\tand"`],
    ['\u0000\u001b\u0085\u2028', String.raw`"\u0000\u001b\u0085\u2028"`],
    ['${aws:username}', '"$${aws:username}"'],
    ['%{ if true }', '"%%{ if true }"'],
    ['$ { and $x and 100%', '"$ { and $x and 100%"'],
    // `$${` alone is the escape of `${`.
    ['$${x}', '"${"$$"}{x}"'],
    ['%%%{x}', '"${"%%%"}{x}"'],
    ['<<EOT\nEOT', String.raw`"<<EOT\nEOT"`],
  ] as const) {
    it(`is ${JSON.stringify(text)} as ${written}`, () => {
      assert.equal(quotedText(text), written);
    });
  }
});

describe('a block', () => {
  it('is laid out as `terraform fmt` does', () => {
    assert.equal(
      hclText(
        ['One.'],
        [
          block(
            {
              a: 1,
              longer: ['x'],
              policy: { policy: { Version: 'v', List: [1, 2] }, expressions: {} },
              empty: [],
            },
            { comments: ['Two.'], blocks: [{ type: 'lifecycle', attributes: { on: true } }] },
          ),
        ],
      ),
      `# One.

# Two.
resource "a" "b" {
  a      = 1
  longer = ["x"]
  policy = jsonencode({
    Version = "v"
    List = [
      1,
      2,
    ]
  })
  empty = []

  lifecycle {
    on = true
  }
}
`,
    );
  });

  it('keeps what a comment contains on its line', () => {
    assert.match(
      hclText(['a\nresource "x" {}\u001b[31m'], []),
      /^# a resource "x" \{\}\\u001b\[31m\n$/,
    );
  });

  it('has the same meaning in JSON', () => {
    assert.deepEqual(
      JSON.parse(
        terraformJson(
          ['One.'],
          [
            block(
              {
                text: '${x} $${y}',
                of: { expression: 'var.x' },
                to: { bare: 'a.b' },
                policy: {
                  policy: { id: '{id}', other: '${aws:x}' },
                  expressions: { '{id}': { expression: 'var.id' } },
                },
              },
              { blocks: [{ type: 'lifecycle', attributes: { on: true } }] },
            ),
            { type: 'import', attributes: { id: 'x' } },
            { type: 'import', attributes: { id: 'y' } },
          ],
        ),
      ),
      {
        '//': ['One.'],
        resource: {
          a: {
            b: {
              text: '$${x} ${"$$"}{y}',
              of: '${var.x}',
              to: 'a.b',
              policy: '{"id":"${var.id}","other":"$${aws:x}"}',
              lifecycle: { on: true },
            },
          },
        },
        import: [{ id: 'x' }, { id: 'y' }],
      },
    );
  });

  it('has names and texts that every object of JavaScript has, too', () => {
    for (const text of ['__proto__', 'constructor', 'toString']) {
      const odd = block(
        { policy: { policy: { id: text }, expressions: {} } },
        { labels: ['role', text] },
      );
      assert.match(hclText([], [odd]), new RegExp(`id = "${text}"`));
      const json = terraformJson([], [odd, block({ a: 1 }, { labels: [text, 'x'] })]);
      assert.ok(json.includes(JSON.stringify(text)));
      assert.match(json, /"policy":/);
      assert.match(json, /"a": 1/);
    }
  });
});
