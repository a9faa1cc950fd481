/**
 * The brand is the operator's, but its parts come from elsewhere: a logo from a designer, a banner
 * from a ticket, a colour from a web page. None of them may become code on a page.
 */
import assert from 'node:assert/strict';
import { execFileSync } from 'node:child_process';
import { symlinkSync, truncateSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { GOOD, said, type Written, written } from '../config/written.ts';
import { pngChunk, pngLogo, svgLogo } from '../support/logos.ts';
import { Visitor } from '../support/visitor.ts';
import { useWorld } from '../support/world.ts';

const branded = (line: string): string => `${GOOD}brand:\n  ${line}\n`;
const XLINK = 'xmlns:xlink="http://www.w3.org/1999/xlink"';
const doctype = (subset: string, inside: string): string =>
  `<!DOCTYPE svg [${subset}]>${svgLogo(inside)}`;

/** What a browser runs, loads or follows in an SVG, in the ways that are known. */
const SCRIPTS: readonly (readonly [form: string, content: string | Buffer])[] = [
  ['a script', svgLogo('<script>alert(1)</script>')],
  ['a script from elsewhere', svgLogo('<script href="https://evil.example/x.js"/>')],
  ['a script in capitals', svgLogo('<SCRIPT>alert(1)</SCRIPT>')],
  [
    'a script with a prefix',
    svgLogo('<s:script xmlns:s="http://www.w3.org/2000/svg">alert(1)</s:script>'),
  ],
  ['a script of HTML', svgLogo('<script xmlns="http://www.w3.org/1999/xhtml">alert(1)</script>')],
  ['an event handler of the root', svgLogo('', 'onload="alert(1)"')],
  ['an event handler of a shape', svgLogo('<rect width="1" height="1" onclick="alert(1)"/>')],
  ['an event handler of an animation', svgLogo('<animate onbegin="alert(1)" attributeName="x"/>')],
  [
    'a page inside',
    svgLogo('<foreignObject><body xmlns="http://www.w3.org/1999/xhtml"/></foreignObject>'),
  ],
  ['a frame', svgLogo('<iframe xmlns="http://www.w3.org/1999/xhtml" src="https://evil.example"/>')],
  ['a link with a script', svgLogo('<a href="javascript:alert(1)"><circle r="9"/></a>')],
  ['a link in the old form', svgLogo(`<a ${XLINK} xlink:href="javascript:alert(1)"/>`)],
  [
    'an animation that writes a link',
    svgLogo('<set attributeName="href" to="javascript:alert(1)"/>'),
  ],
  ['a shape from elsewhere', svgLogo('<use href="https://evil.example/x.svg#a"/>')],
  ['a shape from a data URL', svgLogo('<use href="data:image/svg+xml,&lt;svg/&gt;#a"/>')],
  ['an address hidden by entities', svgLogo('<use href="javascript&#58;alert(1)"/>')],
  ['an image', svgLogo('<image href="https://evil.example/pixel.png"/>')],
  [
    'a filter that loads',
    svgLogo('<filter id="f"><feImage href="https://evil.example/x"/></filter>'),
  ],
  ['a style sheet that loads', svgLogo('<style>@import "https://evil.example/x.css";</style>')],
  ['a style with an address', svgLogo('<style>rect{fill:url(https://evil.example/x)}</style>')],
  ['a style with an escape', svgLogo('<style>rect{fill:u\\72l(https://evil.example/x)}</style>')],
  [
    'a style cut by a comment',
    svgLogo('<style>rect{fill:ur<!-- -->l(https://evil.example/x)}</style>'),
  ],
  ['a style with a set of images', svgLogo('<style>rect{fill:image-set("x" 1x)}</style>')],
  ['a paint from elsewhere', svgLogo('<rect fill="url(https://evil.example/x.svg#a)"/>')],
  ['a mask from elsewhere', svgLogo('<rect mask="url(\'//evil.example/x.svg#a\')"/>')],
  ['a style attribute that loads', svgLogo('<g style="fill:URL( https://evil.example )"/>')],
  ['an address that others begin at', svgLogo('<g xml:base="https://evil.example/"/>')],
  [
    'a style sheet of the document',
    `<?xml-stylesheet href="https://evil.example/x.css"?>${svgLogo()}`,
  ],
  ['a DOCTYPE', doctype('', '')],
  ['an external entity', doctype('<!ENTITY x SYSTEM "file:///etc/passwd">', '&x;')],
  [
    'entities that multiply',
    doctype('<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;"><!ENTITY c "&b;&b;&b;&b;">', '&c;'),
  ],
  [
    'CDATA that hides a script',
    svgLogo('<style><![CDATA[</style><script>alert(1)</script>]]></style>'),
  ],
  ['shapes that multiply', svgLogo('<g id="a"/>'.concat('<use href="#a"/>'.repeat(17)))],
  ['too many shapes', svgLogo('<path/>'.repeat(2_001))],
  ['a deep nest', svgLogo('<g>'.repeat(60) + '</g>'.repeat(60))],
  ['HTML instead', '<!DOCTYPE html><html><script>alert(1)</script></html>'],
  ['XHTML instead', '<html xmlns="http://www.w3.org/1999/xhtml"><script>alert(1)</script></html>'],
  ['an SVG without its namespace', '<svg viewBox="0 0 1 1"><script>alert(1)</script></svg>'],
  ['an SVG that is cut off', svgLogo().slice(0, -3)],
  ['an SVG in UTF-16', Buffer.from(`\ufeff${svgLogo('<script/>')}`, 'utf16le')],
  ['an SVG that says UTF-7', `<?xml version="1.0" encoding="UTF-7"?>${svgLogo()}`],
  ['a script behind a PNG', pngLogo({ after: Buffer.from('<script>alert(1)</script>') })],
  [
    'a PNG within which a chunk must run',
    pngLogo({ between: [pngChunk('EVIL', Buffer.alloc(9))] }),
  ],
  ['a PNG with a wrong checksum', pngLogo().fill(1, 20, 24)],
  ['a PNG that is cut off', pngLogo().subarray(0, 40)],
  ['a PNG as large as a wall', pngLogo({ width: 50_000, height: 50_000 })],
  ['an animated PNG', pngLogo({ between: [pngChunk('acTL', Buffer.alloc(8))] })],
  ['a GIF', Buffer.from('GIF89a/*<svg/onload=alert(1)>*/')],
  ['a JPEG', Buffer.from([0xff, 0xd8, 0xff, 0xe0])],
  ['a script', 'alert(1)'],
  ['nothing', ''],
];

const check = (files: Written, line: string) => files.check(branded(line));

describe('a logo from elsewhere', () => {
  for (const [form, content] of SCRIPTS)
    it(`is rejected with ${form}`, () =>
      written(async files => {
        files.put('logo', content);
        const { problems, configuration } = await check(files, 'logo: { file: logo }');
        assert.equal(configuration, undefined);
        assert.ok(problems.length > 0 && problems.length <= 5);
        for (const line of said(problems)) {
          assert.match(line, /^\d+:\d+ brand\.logo\.file: the file \S+\/logo [a-z]/);
          assert.doesNotMatch(line, /evil|alert|passwd/, 'nothing of the file is repeated');
        }
      }));

  for (const [form, make] of [
    ['a file of 65 kB', put => void put('logo', svgLogo(' '.repeat(65_536)))],
    ['a file of a terabyte', put => truncateSync(put('logo', ''), 1e12)],
    ['a device', (_put, name) => symlinkSync('/dev/zero', name)],
    ['a secret of this machine', (_put, name) => symlinkSync('/proc/self/environ', name)],
    ['a link to itself', (_put, name) => symlinkSync('logo', name)],
    ['a link to nothing', (_put, name) => symlinkSync('missing', name)],
    ['a directory', (_put, name) => symlinkSync('.', name)],
    ['a pipe', (_put, name) => void execFileSync('mkfifo', [name])],
  ] as const satisfies readonly (readonly [string, (put: Written['put'], name: string) => void])[])
    it(`is rejected if it is ${form}`, () =>
      written(async files => {
        make(files.put, join(files.directory, 'logo'));
        const { problems } = await check(files, 'logo: { file: logo }');
        assert.equal(problems.length, 1, said(problems).join('\n'));
        assert.doesNotMatch(said(problems).join(), /PATH=|HOME=/);
      }));
});

describe('a value of 60 kB in a logo', () => {
  for (const unit of ['a', ' ', '(', 'url(', 'url(#a', 'a:', ': ', '-', 'data ', '"#'])
    it(`is read at once if it repeats ${JSON.stringify(unit)}`, () =>
      written(async files => {
        const value = unit.repeat(60_000 / unit.length).replaceAll('"', '&quot;');
        const room = value.slice(0, 65_000).replace(/&\w*$/, '');
        files.put('logo', svgLogo(`<path d="${room}"/>`));
        const began = performance.now();
        await check(files, 'logo: { file: logo }');
        assert.ok(performance.now() - began < 2000);
      }));
});

describe('a brand from elsewhere', () => {
  for (const [what, line, path] of [
    ['a colour with a rule', 'accent: "#0a646c;}*{display:none"', 'accent'],
    ['a colour with an address', 'accent: "url(https://evil.example)"', 'accent'],
    ['a colour by a variable', 'accent: "var(--ground)"', 'accent'],
    ['a colour with a comment', 'accentDark: "#6fcfca/**/"', 'accentDark'],
    ['a colour that cannot be read', 'accent: "#ffffff"', 'accent'],
    ['a colour with a line break', 'accent: "#0a646c\\n"', 'accent'],
    ['a name with a line break', 'name: "Acme\\nBcc: evil@evil.example"', 'name'],
    ['a name that turns the line around', 'name: "Acme \\u202e evil"', 'name'],
    ['a name of nothing', 'name: "  "', 'name'],
    ['a banner without end', `banner: { text: ${'x'.repeat(301)} }`, 'banner.text'],
    ...[
      'javascript:alert(1)',
      'JavaScript:alert(1)',
      'data:text/html,<script>alert(1)</script>',
      'vbscript:x',
      'file:///etc/passwd',
      '//evil.example',
      '/sign-out',
      'https:evil.example',
      'https://user:secret@evil.example/',
      'http://evil.example/',
      'https://good.example\\@evil.example/',
      'https://good.example/#a#b',
      'https://good.example/#<script>',
      'mailto:desk@example.com',
    ].map(
      url =>
        [
          `a banner that leads to ${url}`,
          `banner: { text: x, link: { text: x, url: ${JSON.stringify(url)} } }`,
          'banner.link.url',
        ] as const,
    ),
    ...[
      'mailto:',
      'mailto:a@example.com,evil@evil.example',
      'mailto:a@example.com?bcc=evil@evil.example',
      'mailto:a@example.com?subject=x&bcc=evil@evil.example',
      'mailto:a@example.com?subject=x%0A y',
      'tel:112',
      'javascript:alert(1)//mailto:a@example.com',
    ].map(
      url =>
        [
          `support at ${url}`,
          `support: { text: x, url: ${JSON.stringify(url)} }`,
          'support.url',
        ] as const,
    ),
    ['a style sheet', 'css: "*{display:none}"', 'css'],
    ['a script', 'script: https://evil.example/x.js', 'script'],
  ] as const)
    it(`is rejected with ${what}`, () =>
      written(async files => {
        const { problems } = await check(files, line);
        assert.equal(problems.length, 1, said(problems).join('\n'));
        assert.equal(problems[0]!.path, `brand.${path}`);
        assert.doesNotMatch(said(problems).join(), /secret@/);
      }));
});

const NAME = '</title><img src=x onerror=alert(1)>';
const BANNER = '"><script>alert(1)</script><a href=//evil.example>';

describe('a brand with markup', () => {
  const world = useWorld({
    files: { 'logo.svg': svgLogo() },
    configure: yaml =>
      `${yaml}\nbrand: ${JSON.stringify({
        name: NAME,
        logo: { file: 'logo.svg' },
        accent: '#7a1fa2',
        banner: { text: BANNER, link: { text: '<b>x</b>', url: 'https://status.example.com/' } },
        support: { text: '<i>Desk</i>', url: 'mailto:desk@example.com' },
      })}\n`,
  });

  for (const path of ['/', '/no-such-page'])
    it(`stays text on ${path}`, async () => {
      const page = await new Visitor().get(`${world.urls.bridge}${path}`);
      assert.ok(page.$('title').text().endsWith(`· ${NAME}`));
      assert.equal(page.$('.brand span').text(), NAME);
      assert.ok(page.$('.banner').text().includes(BANNER));
      assert.equal(page.$('.banner a').attr('href'), 'https://status.example.com/');
      assert.equal(page.$('.colophon a[href^="mailto:"]').text(), '<i>Desk</i>');
      assert.equal(page.$('.refusal a[href^="mailto:"]').length, path === '/' ? 0 : 1);
      assert.equal(page.$('[onerror], b, i, script:not([src]), style, [style]').length, 0);
    });

  it('has a logo that runs nothing and loads nothing when it is opened alone', async () => {
    const page = await new Visitor().get(world.urls.bridge);
    const address = page.$('.brand img').attr('src')!;
    assert.match(address, /^\/assets\/logo\.[0-9a-f]{12}\.svg$/);
    assert.equal(page.$('link[rel=icon]').attr('href'), address);
    const answer = await fetch(`${world.urls.bridge}${address}`);
    assert.equal(await answer.text(), svgLogo());
    assert.deepEqual(
      ['content-type', 'content-security-policy', 'x-content-type-options', 'cache-control'].map(
        name => answer.headers.get(name),
      ),
      [
        'image/svg+xml',
        "default-src 'none'; sandbox",
        'nosniff',
        'public, max-age=31536000, immutable',
      ],
    );
  });

  it('has its colours in a style sheet, and no other rule', async () => {
    const page = await new Visitor().get(world.urls.bridge);
    const sheet = page.$('link[rel=stylesheet]').last().attr('href')!;
    const css = await (await fetch(`${world.urls.bridge}${sheet}`)).text();
    assert.match(
      css,
      /:root\{--accent:#7a1fa2;(?:--[a-z-]+:#[0-9a-f]{6};?){3}\}@media \(prefers-color-scheme:dark\)\{:root\{(?:--[a-z-]+:#[0-9a-f]{6};?){4}\}\}$/,
    );
  });
});
