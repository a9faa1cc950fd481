import assert from 'node:assert/strict';
import { cpSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { after, describe, it } from 'node:test';
import request from 'supertest';
import { parseColour } from '../../src/core/colour.ts';
import { assets } from '../../src/http/assets.ts';
import { brandStyles } from '../../src/http/brand.ts';
import { createRenderer } from '../../src/http/render.ts';
import { mounted } from '../support/mounted.ts';
import { readStrictly } from './strict-html.ts';
import { VIEW_MODELS } from './view-models.ts';

const DIRECTORY = join(import.meta.dirname, '../../views');
const scratch = mkdtempSync(join(tmpdir(), 'rolebridge-views-'));
after(() => rmSync(scratch, { recursive: true, force: true }));

let copies = 0;
/** A copy of the views with one file replaced or removed. */
function viewsWith(file: string, content: string | undefined): string {
  copies += 1;
  const directory = join(scratch, String(copies));
  cpSync(DIRECTORY, directory, { recursive: true });
  if (content === undefined) rmSync(join(directory, file));
  else writeFileSync(join(directory, file), content);
  return directory;
}

function addressesIn(directory: string): string[] {
  const html = readStrictly(
    createRenderer({ directory }).render('signed-out', VIEW_MODELS['signed-out'].least),
  );
  return html.all
    .flatMap(({ attributes }) => [attributes.href, attributes.src])
    .filter(address => address?.startsWith('/assets/') === true) as string[];
}

describe('the static files', () => {
  const app = mounted([assets]);

  it('are served under addresses with the hash of their content, and cached for good', async () => {
    const addresses = addressesIn(DIRECTORY);
    const types: Record<string, string> = {
      css: 'text/css; charset=utf-8',
      js: 'text/javascript; charset=utf-8',
      svg: 'image/svg+xml',
    };
    assert.deepEqual(
      new Set(addresses.map(address => address.split('.').at(-1))),
      new Set(Object.keys(types)),
    );

    for (const address of addresses) {
      const [, name, extension] =
        /^\/assets\/([\w-]+)\.[0-9a-f]{12}\.(\w+)$/.exec(address) ?? assert.fail(address);
      const content = contentOf(`${name}.${extension}`);
      const answer = await plainly(request(app).get(address)).buffer(true).parse(collect);
      assert.equal(answer.status, 200);
      assert.deepEqual(answer.body, content);
      assert.equal(answer.headers['content-type'], types[extension!]);
      assert.equal(answer.headers['cache-control'], 'public, max-age=31536000, immutable');
      assert.equal(answer.headers['x-content-type-options'], 'nosniff');
      const head = await plainly(request(app).head(address));
      assert.deepEqual(
        [head.status, head.headers['content-length']],
        [200, String(content.length)],
      );
    }
  });

  it('are reached by their exact addresses alone', async () => {
    const address = addressesIn(DIRECTORY).find(candidate => candidate.endsWith('.css'))!;
    const wrong = [
      '/assets/styles.css',
      '/assets/portal.css',
      '/assets/styles.000000000000.css',
      '/assets/',
      '/assets/../layout.eta',
      '/assets/..%2flayout.eta',
      '/assets/%2e%2e/layout.eta',
      '/assets/__proto__',
      '/assets/constructor',
      `${address}/`,
      `/x${address}`,
      address.replace('styles', 'Styles'),
    ];

    for (const path of wrong) assert.equal((await request(app).get(path)).status, 404, path);
    for (const method of ['post', 'put', 'delete'] as const)
      assert.equal((await request(app)[method](address)).status, 404, method);
  });

  it('get another address when their content changes', () => {
    const before = addressesIn(DIRECTORY).filter(
      address => address.includes('/portal.') && address.endsWith('.js'),
    );
    const changed = addressesIn(viewsWith('assets/portal.js', '// changed\n')).filter(address =>
      address.endsWith('.js'),
    );
    assert.equal(changed.length, 1);
    assert.notDeepEqual(changed, before);
  });

  it('are sent compressed to clients that accept it, brotli before gzip', async () => {
    const cases: readonly (readonly [accepted: string, encoding: string | undefined])[] = [
      ['gzip, deflate, br, zstd', 'br'],
      ['gzip', 'gzip'],
      ['GZIP;q=0.5, br;q=0', 'gzip'],
      ['*', 'br'],
      ['br;q=0, gzip;q=0', undefined],
      ['zstd', undefined],
      ['', undefined],
    ];
    const address = addressesIn(DIRECTORY).find(candidate => candidate.endsWith('.css'))!;
    for (const [accepted, encoding] of cases) {
      const answer = await request(app)
        .get(address)
        .set('accept-encoding', accepted)
        .buffer(true)
        .parse(collect);
      assert.equal(answer.headers['content-encoding'], encoding, accepted);
      assert.equal(answer.headers.vary, 'Accept-Encoding');
      assert.deepEqual(answer.body, contentOf('styles.css'), accepted);
      if (encoding !== undefined)
        assert.ok(Number(answer.headers['content-length']) < 0.4 * contentOf('styles.css').length);
    }
  });

  it('are one style sheet, in which other files have their addresses, and the brand comes last', () => {
    const palette = {
      accent: parseColour('#123456')!,
      accentStrong: parseColour('#123457')!,
      accentSoft: parseColour('#123458')!,
      onAccent: parseColour('#ffffff')!,
    };
    const rule = ".mark { mask: url('mark.svg'); }\n";
    const directory = viewsWith(`assets/${STYLE_SHEETS.at(-1)}.css`, rule);
    const brand = { name: 'Acme', palettes: { light: palette, dark: palette } };
    const renderer = createRenderer({ directory, brand });
    const html = readStrictly(renderer.render('signed-out', VIEW_MODELS['signed-out'].least));
    const sheets = html.named('link').filter(({ attributes }) => attributes.rel === 'stylesheet');
    assert.equal(sheets.length, 1);
    const [mark] = html.named('img').map(({ attributes }) => attributes.src);
    const css = renderer.asset(sheets[0]!.attributes.href!)!.content.toString();
    assert.ok(css.endsWith(rule.replace('mark.svg', mark!) + brandStyles(brand)));
    assert.match(css, /#123456/);
    assert.throws(
      () =>
        createRenderer({
          directory: viewsWith(
            `assets/${STYLE_SHEETS.at(-1)}.css`,
            ".a { mask: url('none.svg'); }",
          ),
        }),
      /there is no asset none\.svg/,
    );
  });

  it('load nothing from elsewhere and write no markup', () => {
    for (const name of readdirSync(join(DIRECTORY, 'assets'))) {
      const text = readFileSync(join(DIRECTORY, 'assets', name), 'utf8').replaceAll(
        'http://www.w3.org/2000/svg',
        '',
      );
      assert.doesNotMatch(
        text,
        /https?:|data:|@import|url\(|innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\b|new Function|\bimport\b/,
        name,
      );
    }
  });
});

/** In the order in which later rules win. */
const STYLE_SHEETS = ['portal', 'parts', 'roles', 'pages', 'terminals', 'elevations', 'go'];

/** What is sent for this name: `styles.css` is all style sheets. */
function contentOf(name: string): Buffer {
  const read = (file: string): Buffer => readFileSync(join(DIRECTORY, 'assets', file));
  return name === 'styles.css'
    ? Buffer.concat(STYLE_SHEETS.map(sheet => read(`${sheet}.css`)))
    : read(name);
}

function plainly(asked: request.Test): request.Test {
  return asked.set('accept-encoding', 'identity');
}

function collect(
  response: request.Response,
  done: (error: Error | null, body: Buffer) => void,
): void {
  const chunks: Buffer[] = [];
  response.on('data', (chunk: Buffer) => chunks.push(chunk));
  response.on('end', () => done(null, Buffer.concat(chunks)));
}

describe('the start', () => {
  const faults: readonly (readonly [
    title: string,
    file: string,
    content: string | undefined,
    message: RegExp,
  ])[] = [
    ['a missing view', 'refusal.eta', undefined, /refusal\.eta is missing/],
    [
      'a missing partial',
      'partials/copy.eta',
      undefined,
      /broken: it refers to the missing template @copy/,
    ],
    [
      'a missing layout',
      'layout.eta',
      undefined,
      /broken: it refers to the missing template @layout/,
    ],
    ['a missing asset', 'assets/mark.svg', undefined, /there is no asset mark\.svg/],
    [
      'a tag that is never closed',
      'repost.eta',
      '<p><%= model.action </p>',
      /repost\.eta is broken/,
    ],
    ['code that is no code', 'repost.eta', '<% if ( { %>', /repost\.eta is broken/],
    ['a file that is no asset', 'assets/notes.txt', 'notes', /notes\.txt is no asset/],
    ['an unlisted style sheet', 'assets/new.css', '', /new\.css is not in the list/],
    ['a missing style sheet', 'assets/parts.css', undefined, /parts\.css/],
  ];
  for (const [title, file, content, message] of faults) {
    it(`fails for ${title}, and names the file`, () => {
      assert.throws(() => createRenderer({ directory: viewsWith(file, content) }), message);
    });
  }

  it('fails for a help address that is not a URL', () => {
    for (const helpUrl of ['javascript:alert(1)', 'wiki', '//wiki.example.com', '']) {
      assert.throws(() => createRenderer({ directory: DIRECTORY, helpUrl }), /helpUrl/, helpUrl);
    }
    createRenderer({ directory: DIRECTORY, helpUrl: 'mailto:help@example.com' });
  });
});

// ---------------------------------------------------------------- contrast

/** WCAG 2.2, 1.4.3: 4.5 for text; 1.4.11: 3 for what marks a control. */
const TEXT: readonly (readonly [ink: string, ...grounds: string[]])[] = [
  ['ink', 'ground', 'surface', 'sunken', 'accent-soft'],
  ['muted', 'ground', 'surface', 'sunken', 'accent-soft'],
  ['accent', 'ground', 'surface', 'sunken', 'accent-soft'],
  ['accent-strong', 'ground', 'surface', 'sunken'],
  ['on-accent', 'accent', 'accent-strong'],
  ['warn', 'surface', 'sunken', 'warn-soft', 'accent-soft'],
  ['bad', 'surface', 'bad-soft'],
  ['good', 'surface'],
];
const MARKS: typeof TEXT = [
  ['control-line', 'ground', 'surface'],
  ['accent', 'ground', 'surface', 'sunken'],
];

describe('the colours', () => {
  const css = readFileSync(join(DIRECTORY, 'assets/portal.css'), 'utf8');
  const palette = (block: string): Record<string, string> =>
    Object.fromEntries(
      [...block.matchAll(/--([\w-]+): (#[0-9a-f]{6});/g)].map(match => [match[1]!, match[2]!]),
    );
  const [, light, dark] = css.split(/:root \{/);

  for (const [name, colours] of [
    ['light', palette(light!)],
    ['dark', palette(dark!)],
  ] as const) {
    it(`are readable in the ${name}`, () => {
      for (const [pairs, least] of [
        [TEXT, 4.5],
        [MARKS, 3],
      ] as const) {
        for (const [ink, ...grounds] of pairs) {
          for (const ground of grounds) {
            const ratio = contrast(colours[ink]!, colours[ground]!);
            assert.ok(ratio >= least, `${ink} on ${ground}: ${ratio.toFixed(2)}`);
          }
        }
      }
    });
  }

  it('are all defined once for the light and once for the dark theme', () => {
    assert.deepEqual(Object.keys(palette(light!)), Object.keys(palette(dark!)));
  });
});

function contrast(a: string, b: string): number {
  const [low, high] = [luminance(a), luminance(b)].toSorted((x, y) => x - y);
  return (high! + 0.05) / (low! + 0.05);
}

/** WCAG 2.2, relative luminance of an sRGB colour. */
function luminance(colour: string): number {
  const [red, green, blue] = [1, 3, 5].map(start => {
    const channel = Number.parseInt(colour.slice(start, start + 2), 16) / 255;
    return channel <= 0.040_45 ? channel / 12.92 : ((channel + 0.055) / 1.055) ** 2.4;
  });
  return 0.2126 * red! + 0.7152 * green! + 0.0722 * blue!;
}
