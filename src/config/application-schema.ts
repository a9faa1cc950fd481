/** The grammar of `applications`: web and mobile applications that act for their users. */
import { z } from 'zod';
import { MINUTE } from '../core/time.ts';
import { roleName } from './aws-values.ts';
import { clientId, LONGEST_LOGIN } from './cli-schema.ts';
import { atLeastOne } from './connector-schema.ts';
import { siteOrigin, urlProblem } from './network-values.ts';
import { type Problem, quoted } from './problems.ts';
import { choice, duration, INVISIBLE, text, word } from './values.ts';

const redirectUri = () => word('URL', redirectProblem);

/** Compared letter by letter at a login, so it is written as URLs are written. */
function redirectProblem(value: string): Problem | undefined {
  if (value.includes('*'))
    return {
      message: `${quoted(value)} contains a wildcard; redirect URIs are compared exactly.`,
      fix: 'Write every redirect URI in full.',
    };
  if (isCustomScheme(value))
    return {
      message: `${quoted(value)} has a custom scheme, which any other app on a phone can claim, too.`,
      fix: 'Write an https address that the app claims (Android App Links, iOS Universal Links).',
    };
  const problem = urlProblem(value);
  if (problem !== undefined) return problem;
  const { href } = new URL(value);
  if (href === value) return undefined;
  return {
    message: `${quoted(value)} is not written as browsers write it.`,
    fix: `Write ${href}, and send exactly that.`,
  };
}

function isCustomScheme(value: string): boolean {
  return /^[a-z][a-z0-9+.-]*:/i.test(value) && !/^https?:/i.test(value) && !INVISIBLE.test(value);
}

const listedRole = z.strictObject({
  account: text(128).meta({ description: 'The name or id of an account.', example: 'prod' }),
  role: roleName().meta({ description: 'The name of a role.', example: 'PhotoUser' }),
});

export const application = z.strictObject({
  id: clientId().meta({
    description: 'The `client_id` that the application sends.',
    example: 'photos',
  }),
  name: text(80).meta({
    description: 'The name on the consent page and in the list of sessions.',
    example: 'Photos',
  }),
  kind: choice(['spa', 'mobile']).describe(
    '`spa`: JavaScript in a browser, on pages of `origins`. `mobile`: an app that claims its https redirect URI on the phone. Both use PKCE and DPoP.',
  ),
  redirectUris: atLeastOne(redirectUri(), 'redirect URI').describe(
    'Where the browser goes after the consent: complete https addresses, compared exactly. http is for development on loopback.',
  ),
  origins: z
    .array(siteOrigin())
    .prefault([])
    .describe(
      'For `spa`: the origins of its pages, such as `https://photos.example.com`. Only these pages can use its tokens and read what the bridge answers (CORS).',
    ),
  roles: atLeastOne(listedRole, 'role').describe(
    'The roles that it can use, if its user has them. It cannot see other roles.',
  ),
  max: duration({ min: 5 * MINUTE, max: LONGEST_LOGIN })
    .optional()
    .meta({
      description:
        'The longest time from a consent to the end of its session, which also ends `cli.max` after the sign-in.',
      default: '`cli.max`',
    }),
});
