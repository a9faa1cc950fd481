import assert from 'node:assert/strict';
import { chmodSync, symlinkSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { pngChunk, pngLogo, svgLogo } from '../support/logos.ts';
import { GOOD, said, written } from './written.ts';

const LINE = GOOD.split('\n').length;

const branded = (...lines: readonly string[]): string =>
  `${GOOD}brand:\n${lines.map(line => `  ${line}\n`).join('')}`;

describe('a brand', () => {
  it('is built from its section', () =>
    written(async ({ check, put }) => {
      put('logo.svg', svgLogo());
      const { configuration, problems, warnings } = await check(
        branded(
          'name: Acme AWS access',
          'logo: { file: logo.svg }',
          'accent: "#7A1FA2"',
          'banner: { text: Maintenance on Sunday., link: { text: Details, url: "https://status.example.com/a?b=c#d" } }',
          'support: { url: "mailto:desk@example.com?subject=AWS%20access" }',
        ),
      );
      assert.deepEqual([said(problems), said(warnings)], [[], []]);
      const { logo, palettes, ...rest } = configuration!.brand;
      assert.deepEqual(rest, {
        name: 'Acme AWS access',
        banner: {
          text: 'Maintenance on Sunday.',
          link: { text: 'Details', url: 'https://status.example.com/a?b=c#d' },
        },
        support: { text: 'Support', url: 'mailto:desk@example.com?subject=AWS%20access' },
      });
      assert.equal(palettes?.light.accent, '#7a1fa2');
      assert.deepEqual(
        { ...logo, content: logo?.content.toString() },
        { contentType: 'image/svg+xml', content: svgLogo(), ratio: 1 },
      );
    }));

  it('reports every problem at once, each with its line and a fix', () =>
    written(async ({ check, put }) => {
      put('logo.svg', svgLogo('<script>alert(1)</script>', 'onload="alert(1)"'));
      const { problems } = await check(
        branded(
          `name: ${'x'.repeat(41)}`,
          'logo: { file: logo.svg }',
          'accent: "#ffcc00"',
          'accentDark: "#0a646c"',
          'banner: { text: "", link: { text: x, url: "javascript:alert(1)" } }',
          'support: { text: x, url: "mailto:a@example.com,b@example.com" }',
        ),
      );
      const at = (line: number, column: number) => `${LINE + line}:${column} brand`;
      const file = problems[1]!.file.replace('rolebridge.yaml', 'logo.svg');
      const simplify = 'Remove it, or export the logo as plain or optimized SVG (SVGO does).';
      assert.deepEqual(said(problems), [
        `${at(1, 3)}.name: has more than 40 characters. Write at most 40.`,
        `${at(2, 11)}.logo.file: the file ${file} contains the attribute "onload", which a logo must not contain (line 1). ${simplify}`,
        `${at(2, 11)}.logo.file: the file ${file} contains "<script>", which a logo must not contain (line 1). ${simplify}`,
        `${at(3, 3)}.accent: "#ffcc00" has a contrast of 1.34:1 on #eef2f4, a ground of the light theme; text needs 4.5:1. Write "#876b00", the same hue darker, or a darker colour.`,
        `${at(4, 3)}.accentDark: "#0a646c" has a contrast of 2.22:1 on #1a272c, a ground of the dark theme; text needs 4.5:1. Write "#4b979f", the same hue lighter, or a lighter colour.`,
        `${at(5, 13)}.banner.text: is empty. Write a value.`,
        `${at(5, 40)}.banner.link.url: is not an http or https URL. Write a whole URL, such as https://idp.example.com/path.`,
        `${at(6, 23)}.support.url: is not a mailto address of one mailbox. Write mailto:desk@example.com, with ?subject=... (percent-encoded) if you want one.`,
      ]);
    }));

  it('reports an accent without quotes as missing', () =>
    written(async ({ check }) => {
      const { problems } = await check(branded('accent: #0a646c', 'accentDark: 123456'));
      assert.deepEqual(said(problems), [
        `${LINE + 1}:3 brand.accent: has no value. Write one, for example accent: "#0a646c", or remove the key.`,
        `${LINE + 2}:3 brand.accentDark: must be text. Put the value in quotes.`,
      ]);
    }));
});

describe('a logo', () => {
  for (const [title, content] of [
    ['a style sheet', svgLogo('<style>.a{fill:#fff;transform:rotate(4deg)}</style>')],
    [
      'gradients and clips of its own',
      svgLogo(
        '<defs><linearGradient id="a"><stop offset="0"/></linearGradient></defs><g fill="url(#a)" style="clip-path: url(\'#a\')"/>',
      ),
    ],
    [
      'shapes that are used again',
      svgLogo(
        '<symbol id="s"><path d="M0 0h1"/></symbol><use href="#s"/><use xlink:href="#s" xmlns:xlink="http://www.w3.org/1999/xlink"/>',
      ),
    ],
    [
      'a title, a comment and a name',
      svgLogo('<!-- made --><title>Logo (final)</title>', 'id="a"'),
    ],
    [
      'an XML declaration and a byte order mark',
      `\ufeff<?xml version="1.0" encoding="UTF-8"?>\n${svgLogo()}`,
    ],
  ] as const)
    it(`can have ${title}`, () =>
      written(async ({ check, put }) => {
        put('logo.svg', content);
        const { problems, configuration } = await check(branded('logo: { file: logo.svg }'));
        assert.deepEqual(said(problems), []);
        const served = Buffer.from(configuration!.brand.logo!.content).toString();
        assert.equal(served, content.replace('\ufeff', ''));
      }));

  it('can be a PNG, of which only what draws is served', () =>
    written(async ({ check, put }) => {
      const text = pngChunk('tEXt', Buffer.from('Comment\0<script>alert(1)</script>'));
      put('logo', pngLogo({ between: [text] }));
      const { problems, configuration } = await check(branded('logo: { file: logo }'));
      assert.deepEqual(said(problems), []);
      const { contentType, content, ratio } = configuration!.brand.logo!;
      assert.deepEqual(
        { contentType, ratio, content: Buffer.from(content) },
        { contentType: 'image/png', ratio: 2, content: pngLogo() },
      );
    }));

  it('can be a link to a file, as Kubernetes mounts it', () =>
    written(async ({ check, put, directory }) => {
      put('data.svg', svgLogo());
      symlinkSync('data.svg', join(directory, 'logo.svg'));
      const { problems } = await check(branded('logo: { file: logo.svg }'));
      assert.deepEqual(said(problems), []);
    }));

  it('must not be writable by every user', () =>
    written(async ({ check, put }) => {
      const name = put('logo.svg', svgLogo());
      chmodSync(name, 0o666);
      const { problems } = await check(branded('logo: { file: logo.svg }'));
      assert.match(said(problems).join(), /logo\.svg is writable by every user of this machine/);
    }));

  for (const [title, attributes, says] of [
    ['has no size', '', 'has no size'],
    ['has a size in percent', 'width="100%" height="100%"', 'has no size'],
    ['has no height', 'viewBox="0 0 24 0"', 'has no size'],
    ['is a line', 'viewBox="0 0 700 100"', 'is too wide or too high'],
    ['is a column', 'width="10px" height="21"', 'is too wide or too high'],
  ] as const)
    it(`is rejected if it ${title}`, () =>
      written(async ({ check, put }) => {
        put('logo.svg', `<svg xmlns="http://www.w3.org/2000/svg" ${attributes}/>`);
        const { problems } = await check(branded('logo: { file: logo.svg }'));
        assert.equal(problems.length, 1);
        assert.ok(said(problems)[0]!.includes(says), said(problems)[0]);
      }));
});
