/**
 * Templates of session tags and SourceIdentity: whatever a user is called, AWS gets a text of its
 * own characters and lengths, or none.
 *
 * An input is lines: the template, then values of user name, email, subject and one attribute.
 */

import { USER_PLACEHOLDERS } from '../../src/core/placeholders.ts';
import { SOURCE_IDENTITY, TAG_VALUE } from '../../src/core/session.ts';
import {
  type FieldRule,
  fillTemplate,
  literalsOf,
  namesIn,
  parseTemplate,
  type Template,
  templateGap,
  templateProblem,
  writtenTemplate,
} from '../../src/core/template.ts';
import { type FuzzTarget, promise } from './target.ts';

export const target: FuzzTarget = {
  name: 'templates',
  mostBytes: 1200,
  mostMilliseconds: 200,
  guidedBy: ['/src/core/template', '/src/core/session', '/src/core/placeholders'],
  covers: ['src/core/template.ts'],
  check: input => {
    const [text = '', username, email, subject, attribute] = input.split('\n');
    const problem = templateProblem(text, USER_PLACEHOLDERS);
    if (problem !== undefined) {
      promise(problem !== '', 'a problem of a template has a reason');
      return;
    }
    const template = parseTemplate(text, USER_PLACEHOLDERS);
    promise(writtenTemplate(template) === text, 'a template is written as it was read');
    promise(
      literalsOf(template).every(literal => text.includes(literal)),
      'a text is of the template',
    );
    promise(
      namesIn(template).every(name => text.includes(`{${name}`)),
      'a placeholder is of the template',
    );
    const values: Readonly<Record<string, string | undefined>> = {
      ...{ username, email, subject, displayName: username, 'attributes.a': attribute },
      ...{ person: 'abcdefghijklmnop', connector: 'okta', sessionName: 'abcdefghijklmnop@x' },
    };
    for (const [field, awsTakes] of [
      [TAG_VALUE, /^[\p{L}\p{Z}\p{N}_.:/=+\-@]{0,256}$/u],
      [SOURCE_IDENTITY, /^[\w+=,.@-]{2,64}$/],
    ] as const) {
      const filled = fillTemplate(template, name => values[name], field);
      if ('text' in filled)
        promise(awsTakes.test(filled.text), 'a filled template is what AWS takes');
      else {
        promise(
          !('missing' in filled) || namesIn(template).includes(filled.missing),
          'what is missing is a placeholder',
        );
        promise(
          templateGap(template, field) !== undefined || hasUnfitText(template, field),
          'a template without a gap fits every user',
        );
      }
      const other = fillTemplate(template, name => values[name], field);
      promise(
        JSON.stringify(filled) === JSON.stringify(other),
        'a template is filled the same again',
      );
    }
  },
};

/** The configuration rejects such a template, by a check of its own. */
function hasUnfitText(template: Template, { characters }: FieldRule): boolean {
  return literalsOf(template).some(literal => !characters.test(literal));
}
