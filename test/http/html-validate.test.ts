/** What a reader of HTML that is not ours says of the pages: content models, names, duplicates. */
import assert from 'node:assert/strict';
import { join } from 'node:path';
import { describe, it } from 'node:test';
import { HtmlValidate } from 'html-validate';
import { createRenderer } from '../../src/http/render.ts';
import { VIEW_MODELS, VIEW_NAMES } from './view-models.ts';

const validator = new HtmlValidate({
  root: true,
  extends: ['html-validate:recommended'],
  rules: {
    // The views are also well-formed XML, as strict-html.ts requires.
    ...{ 'void-style': 'off', 'attribute-empty-style': 'off', 'attribute-boolean-style': 'off' },
    // A button of a form submits it.
    'no-implicit-button-type': 'off',
    // An account whose roles all lack something keeps its form, and has no button in it.
    'wcag/h32': 'off',
  },
});

const renderer = createRenderer({
  directory: join(import.meta.dirname, '../../views'),
  helpUrl: 'https://wiki.example.com/help',
  brand: {
    name: 'Acme AWS access',
    banner: { text: 'Hello.', link: { text: 'More', url: 'https://status.example.com/' } },
    support: { text: 'Desk', url: 'mailto:desk@example.com' },
  },
});

describe('the structure of the HTML', () => {
  for (const view of VIEW_NAMES)
    it(`has no error in ${view}`, async () => {
      for (const extent of ['least', 'most'] as const) {
        const html = renderer.render(view, VIEW_MODELS[view][extent] as never);
        const { results } = await validator.validateString(html);
        assert.deepEqual(
          results.flatMap(({ messages }) =>
            messages.map(
              ({ ruleId, message, line, selector }) =>
                `${extent}:${line} ${ruleId}: ${message} ${selector}`,
            ),
          ),
          [],
        );
      }
    });

  it('fails for a page with an error', async () => {
    const { valid } = await validator.validateString('<!DOCTYPE html><p><div></div></p>');
    assert.equal(valid, false);
  });
});
