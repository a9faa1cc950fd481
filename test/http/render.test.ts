import assert from 'node:assert/strict';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { BridgeError } from '../../src/core/errors.ts';
import { createRenderer } from '../../src/http/render.ts';
import type { Views } from '../../src/http/views.ts';
import { ancestors, type HtmlPage, readStrictly } from './strict-html.ts';
import { USABLE_ROLE, VIEW_MODELS, VIEW_NAMES } from './view-models.ts';

const DIRECTORY = join(import.meta.dirname, '../../views');
const HELP = 'https://wiki.example.com/help';
const renderer = createRenderer({ directory: DIRECTORY, helpUrl: HELP });

/** The pair of view and model is checked where the models are; here any pair is walked. */
function page(view: keyof Views, model: unknown): HtmlPage {
  return readStrictly(renderer.render(view, model as never));
}

describe('every view', () => {
  for (const view of VIEW_NAMES) {
    for (const extent of ['least', 'most'] as const) {
      it(`${view} renders the ${extent} that its model can hold as strict HTML`, () => {
        const html = page(view, VIEW_MODELS[view][extent]);

        assert.equal(html.named('html')[0]?.attributes.lang, 'en');
        assert.equal(html.named('main').length, 1);
        assert.equal(html.named('h1').length, 1);
        assert.match(html.named('title')[0]!.text, /^\S.* · rolebridge$/);
        assertReferencesResolve(html);
        assertNothingInline(html);
        assertFormsStayAndAreGuarded(html, view);
        assertControlsHaveNames(html);
      });
    }
  }
});

function assertReferencesResolve(html: HtmlPage): void {
  const ids = html.all.flatMap(({ attributes }) => attributes.id ?? []);
  assert.equal(new Set(ids).size, ids.length, 'an id is given twice');
  for (const { name, attributes } of html.all) {
    const fragment =
      name === 'a' || name === 'use' ? /^#(.*)/.exec(attributes.href ?? '')?.[1] : undefined;
    for (const id of [
      attributes.for,
      attributes['aria-labelledby'],
      attributes['data-copy'],
      fragment,
    ]) {
      if (id !== undefined) assert.ok(ids.includes(id), `<${name}> refers to the missing id ${id}`);
    }
  }
}

function assertNothingInline(html: HtmlPage): void {
  assert.equal(html.named('style').length, 0);
  for (const script of html.named('script')) {
    assert.match(
      script.attributes.src ?? '',
      /^\/assets\/(?:portal|roles|session)\.[0-9a-f]{12}\.js$/,
    );
    assert.equal(script.text, '');
  }
  const known = new Set([
    HELP,
    'https://wiki.example.com/aws-access',
    'https://acme.okta.com/authorize?acr_values=phr',
    'https://login.example.test/sso',
    'https://login.example.test/sso?tenant=1&app=2',
    'https://docs.aws.amazon.com/IAM/latest/UserGuide/id_roles_use_revoke-sessions.html',
  ]);
  for (const { name, attributes } of html.all) {
    for (const attribute of Object.keys(attributes))
      assert.doesNotMatch(attribute, /^(?:on|style$|srcdoc$)/, `<${name} ${attribute}>`);
    for (const address of [
      attributes.href,
      attributes.src,
      attributes.action,
      attributes.formaction,
    ]) {
      if (address !== undefined)
        assert.ok(
          /^[/#](?!\/)/.test(address) || known.has(address),
          `<${name}> leads to ${address}`,
        );
    }
  }
}

function assertFormsStayAndAreGuarded(html: HtmlPage, view: keyof Views): void {
  for (const form of html.named('form')) {
    // Leaves for the identity provider, and carries nothing of a session.
    if (view === 'provider-form') continue;
    assert.match(form.attributes.action ?? '', /^\/(?!\/)/);
    if (form.attributes.method === 'get') continue;
    assert.equal(form.attributes.method, 'post');
    if (view === 'repost' && form.attributes.action?.startsWith('/saml/')) continue;
    const token = html
      .named('input')
      .find(
        input => input.attributes.name === 'csrf_token' && [...ancestors(input)].includes(form),
      );
    // Without a session there is no token to give, and the server refuses the form.
    assert.equal(
      token?.attributes.value,
      html.named('bdi').length > 0 ? 'csrf-0123456789' : undefined,
    );
  }
}

function assertControlsHaveNames(html: HtmlPage): void {
  for (const control of [...html.named('button'), ...html.named('a')]) {
    assert.notEqual(
      (control.attributes['aria-label'] ?? control.text).trim(),
      '',
      'a control without a name',
    );
  }
  for (const input of html
    .named('input')
    .filter(({ attributes }) => attributes.type !== 'hidden')) {
    assert.ok(
      html
        .named('label')
        .some(label => label.attributes.for === input.attributes.id && label.text.trim() !== ''),
    );
  }
  for (const image of html.named('img')) assert.notEqual(image.attributes.alt, undefined);
}

// ---------------------------------------------------------------- hostile text

type Path = readonly (string | number)[];

/** The places of all strings in a model. */
function stringPaths(value: unknown, path: Path = []): Path[] {
  if (typeof value === 'string') return [path];
  if (typeof value !== 'object' || value === null) return [];
  return Object.entries(value).flatMap(([key, inner]) =>
    stringPaths(inner, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}

function replaced(value: unknown, [key, ...rest]: Path, text: string): unknown {
  if (key === undefined) return text;
  if (Array.isArray(value))
    return value.map((inner, index) => (index === key ? replaced(inner, rest, text) : inner));
  return {
    ...(value as object),
    [key]: replaced((value as Record<string, unknown>)[key], rest, text),
  };
}

const isAddress = (path: Path): boolean =>
  /^(?:url|action|href|link|.*Href)$/.test(String(path.at(-1)));
/** Members of closed unions, which no outsider writes. */
const isChosenByUs = (path: Path): boolean =>
  ['outcome', 'kind', 'id', 'ended', 'atProvider'].includes(String(path.at(-1))) &&
  !path.includes('accounts');
/**
 * Not printed: an instant that is none, where a way is closed that leads on, what a role that
 * cannot be used would give, whose requests they are where all are of one user.
 */
const KEPT_BACK =
  /^viewer\.(?:sessionEndsAt|idleEndsAt)$|^(?:askedAt|until|(?:\w+\.\d+\.)+(?:at|until|activeUntil|usedAt)|review\.(?:dueAt|done\.at)|(?:open|earlier|before)\.\d+\.who\.\w+|accounts\.0\.offers\.1\.(?:field|value|longest)|approved\.until|(?:here|(?:browsers|terminals|applications|aws)\.\d)\.(?:containerTokens\.0\.)?(?:since|lastUsedAt|idleEndsAt|steppedUpAt|until|newestAt|endsAt)|terminal\.(?:since|lastUsedAt))$|^connectors\.1\.href$/;

const HOSTILE = [
  '"><script>alert(1)</script>',
  "' onmouseover='alert(1)' x='",
  '</title></pre></main><img src=x onerror=alert(1)>',
  'a\nb\r\n<b>bold</b>',
  '&lt;b&gt; &amp;amp; &#39; &quot;',
  '<%= 1 %> {{1}} `$`',
  '--><!-- ]]> <![CDATA[',
  'javascript:alert(1)',
  ' ',
];
const oneLine = (text: string): string => text.replaceAll(/\s+/g, ' ');

describe('hostile text', () => {
  for (const view of VIEW_NAMES) {
    it(`stays text wherever the model has a string, in ${view}`, () => {
      const model = VIEW_MODELS[view].most;
      const paths = stringPaths(model).filter(path => !isChosenByUs(path));
      assert.ok(paths.length > 0);

      for (const path of paths) {
        const prefix = isAddress(path) ? '/' : 'plain';
        const harmless = page(view, replaced(model, path, prefix));
        for (const hostile of HOSTILE) {
          const text = prefix + hostile;
          const html = page(view, replaced(model, path, text));
          assert.deepEqual(html.structure, harmless.structure, `${path.join('.')}: ${hostile}`);
          const shown = html.strings.some(string => oneLine(string).includes(oneLine(text)));
          assert.ok(shown !== KEPT_BACK.test(path.join('.')), `${path.join('.')}: ${hostile}`);
        }
      }
    });
  }

  it('cannot make a link lead to a script or to a disguised site', () => {
    for (const address of [
      'javascript:alert(1)',
      ' javascript:alert(1)',
      'java\nscript:alert(1)',
      'data:text/html,x',
      '//evil.example',
      '/\\evil.example',
      '/\t/evil.example',
      'x',
      '',
    ]) {
      const html = page('refusal', {
        ...VIEW_MODELS.refusal.least,
        action: { label: 'Go on', href: address },
      });
      assert.equal(
        html.named('a').find(link => link.text === 'Go on')?.attributes.href,
        '/',
        address,
      );
    }
  });

  it('cannot make a form leave the site', () => {
    for (const action of [
      'https://evil.example/acs',
      '//evil.example/acs',
      '/\\evil.example',
      'javascript:alert(1)',
      'acs',
    ]) {
      assert.throws(
        () => renderer.render('repost', { ...VIEW_MODELS.repost.least, action }),
        isInternal,
      );
    }
  });

  it('is never printed raw: templates print unescaped only what templates made', () => {
    for (const folder of [DIRECTORY, join(DIRECTORY, 'partials')]) {
      for (const name of readdirSync(folder).filter(file => file.endsWith('.eta'))) {
        const raw = [
          ...readFileSync(join(folder, name), 'utf8').matchAll(/<%[-_]?\s*~([^%]*)%>/g),
        ].map(match => match[1]!.trim());
        for (const expression of raw)
          assert.match(expression, /^(?:include\('@[\w-]+'|it\.body$)/, name);
      }
    }
  });
});

const isInternal = (error: unknown): boolean =>
  error instanceof BridgeError && error.code === 'internal';

// ---------------------------------------------------------------- what single views promise

describe('the pages', () => {
  it('a model that lacks a value is an error, not the word undefined', () => {
    assert.throws(
      () => renderer.render('refusal', { ...VIEW_MODELS.refusal.least, title: undefined } as never),
      isInternal,
    );
    assert.throws(() => renderer.render('roles', {} as never), isInternal);
  });

  it('the page shows credentials character by character', () => {
    const { formats } = VIEW_MODELS.credentials.most;
    assert.deepEqual(
      page('credentials', VIEW_MODELS.credentials.most)
        .named('pre')
        .map(pre => pre.text),
      formats.map(format => format.text),
    );
  });

  it('selects the first format alone', () => {
    const radios = page('credentials', VIEW_MODELS.credentials.most)
      .named('input')
      .filter(input => input.attributes.type === 'radio');
    assert.deepEqual(
      radios.map(radio => 'checked' in radio.attributes),
      [true, false],
    );
  });

  const rolesPage = { ...VIEW_MODELS.roles.most, query: '', quick: undefined };
  const usable = rolesPage.folders[0]!.accounts[0]!;

  it('a role with an unmet requirement offers a sign-in and no button', () => {
    const html = page('roles', rolesPage);
    const rows = html.named('ul').filter(({ attributes }) => attributes.class === 'roles');
    const buttons = rows.map(row =>
      html
        .named('button')
        .filter(button => [...ancestors(button)].includes(row))
        .map(button => button.text),
    );

    assert.deepEqual(buttons, [['Console', 'Credentials', '★'], ['☆']]);
    assert.match(rows[1]!.text, /Sign in with a second factor\. Come from the office\. Verify now/);
  });

  it('the buttons of a role post its account and its role, the console into a new tab that cannot reach back', () => {
    const html = page('roles', rolesPage);
    const [console, credentials] = html
      .named('button')
      .filter(button => button.attributes.name === 'role');
    const form = [...ancestors(console!)].find(element => element.name === 'form')!;

    const fields = html
      .named('input')
      .filter(input => [...ancestors(input)].includes(form))
      .map(({ attributes }) => [attributes.name, attributes.value]);
    assert.deepEqual(fields, [
      ['csrf_token', 'csrf-0123456789'],
      ['account', 'prod'],
    ]);

    const { formaction, formtarget, value } = console!.attributes;
    assert.deepEqual(
      { rel: form.attributes.rel, formaction, formtarget, value },
      { rel: 'noopener', formaction: '/console', formtarget: '_blank', value: 'team/ReadOnly' },
    );
    assert.deepEqual(
      [form.attributes.action, form.attributes.target, credentials!.attributes.value],
      ['/credentials', undefined, 'team/ReadOnly'],
    );
  });

  it('the list of accounts to jump to appears with the eleventh account', () => {
    const withAccounts = (length: number) =>
      page('roles', {
        ...rolesPage,
        accountCount: length,
        folders: [
          {
            ...rolesPage.folders[0]!,
            accounts: Array.from({ length }, (_, index) => ({ ...usable, id: String(index) })),
          },
        ],
      });

    assert.equal(withAccounts(10).named('nav').length, 0);
    assert.equal(withAccounts(11).named('nav').length, 1);
    assertReferencesResolve(withAccounts(11));
  });

  it('2,000 roles in 300 accounts are one light page', () => {
    const accounts = Array.from({ length: 300 }, (_, index) => ({
      ...usable,
      id: String(index),
      roles: Array.from({ length: index < 200 ? 7 : 6 }, () => USABLE_ROLE),
    }));
    const html = renderer.render('roles', {
      ...rolesPage,
      accountCount: accounts.length,
      folders: [{ ...rolesPage.folders[0]!, accounts }],
    });
    assert.ok(html.length < 1.2e6, `${html.length} characters`);
    const elements = readStrictly(html).all.length;
    assert.ok(elements < 18_000, `${elements} elements`);
  });

  it('an unavailable sign-in is shown with its reason and cannot be followed', () => {
    const html = page('sign-in', VIEW_MODELS['sign-in'].most);
    assert.ok(!html.named('a').some(link => link.attributes.href === '/sign-in/adfs'));
    assert.match(
      html.named('main')[0]!.text,
      /Acme AD FS[\s\S]*Not available since 2026-11-20 18:12 UTC: no answer/,
    );
  });

  it("an identity provider's answer is posted on under the names of the SAML binding", () => {
    const html = page('repost', VIEW_MODELS.repost.least);
    const fields = html
      .named('input')
      .map(({ attributes }) => [attributes.type, attributes.name, attributes.value]);

    assert.deepEqual(fields, [
      ['hidden', 'SAMLResponse', 'PHNhbWw+'],
      ['hidden', 'RelayState', 'state'],
      ['hidden', 'reposted', '1'],
    ]);
  });
});
