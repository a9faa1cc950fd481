/**
 * "Use it in your terminal": how to get the client, and the finished ~/.aws/config of this user, in
 * the dialects that AWS tools read, with what goes wrong with each. A page has one of them: four
 * times 2,000 profiles are more than a megabyte.
 *
 * Owns: the page and its sentences, and the start URL, which leads here. Does not own: the text of
 * the file (core/aws-config).
 */
import * as z from 'zod';
import { type Access, attainable } from '../bridge/access.ts';
import {
  AWS_CONFIG_DIALECTS,
  type AwsConfigDialect,
  type AwsConfigOptions,
  accessPortalOf,
  awsConfig,
  containerEnvironment,
  profileNames,
  renderSections,
} from '../core/aws-config.ts';
import { compareTexts } from '../core/text-order.ts';
import { type Answer, attachment, redirect, view } from '../http/answer.ts';
import { quickly } from '../http/compression.ts';
import type { HelpModel } from '../http/page-frame.ts';
import { page } from '../http/route.ts';
import type { Phrase } from '../http/views.ts';

export interface AwsConfigPageParts {
  readonly baseUrl: string;
  readonly identityCenterRegion: string;
  readonly access: Access;
  readonly help: HelpModel | undefined;
}

const PATH = '/aws-config';
const AwsConfigQuery = z.object({
  /** What is downloaded. */
  dialect: z.enum(AWS_CONFIG_DIALECTS).optional(),
  /** What the page shows. */
  show: z.enum(AWS_CONFIG_DIALECTS).default('sso-session'),
});
type Query = z.output<typeof AwsConfigQuery>;

interface Dialect {
  readonly label: string;
  readonly how: (profile: string) => string;
  /** What goes wrong, where it bites. */
  readonly traps: readonly string[];
}

const CHAINED =
  'Your own profile that has one of these as its `source_profile` needs the same `services` line. Without it, botocore and Go send the token to AWS.';
/** What users type is in backticks. */
const DIALECTS: { readonly [D in AwsConfigDialect]: Dialect } = {
  'sso-session': {
    label: 'AWS CLI and SDKs',
    how: profile =>
      `Add it to \`~/.aws/config\`, then sign in with \`aws sso login --profile ${profile}\`. Nothing else is installed.`,
    traps: [
      'Sign in with a profile. With `--sso-session` instead of `--profile`, the AWS CLI ignores the endpoint and connects to AWS, unless `[default]` has the `services` line.',
      '`aws sso logout` sends every token on this computer to the endpoint of the profile that it runs with. Give it a profile of this file; tokens of AWS that arrive here are dropped.',
      'Profiles that `aws configure sso` writes have no `services` line and connect to AWS. Use those of this page, or put the `services` line into `[default]` first.',
      CHAINED,
      'The JavaScript SDK takes the endpoint only from the profile that `AWS_PROFILE` names. With a profile named in code, it sends the token to AWS.',
      'Requires the AWS CLI 2.22 or newer. From 2.35.13 on it checks where an https start URL redirects; with a private certificate authority, set `AWS_CA_BUNDLE`.',
      'Tokens are stored unencrypted in `~/.aws/sso/cache`, as those of AWS are. The rolebridge client keeps them in the keychain.',
    ],
  },
  'sso-legacy': {
    label: 'Older tools',
    how: profile =>
      `For tools that do not support sso-session. Add it to \`~/.aws/config\`, then sign in with \`aws sso login --profile ${profile}\`.`,
    traps: [
      CHAINED,
      'The JavaScript SDK takes the endpoint only from the profile that `AWS_PROFILE` names. With a profile named in code, it sends the token to AWS.',
      'They sign in with a code, and again whenever the token expires: nothing is renewed.',
      'Requires tools that read the services section (AWS CLI 2.13, botocore 1.31 and newer). Others (.NET, some versions of Java, Go v1) connect to AWS: use the rolebridge client for them.',
    ],
  },
  'credential-process': {
    label: 'rolebridge client',
    how: () =>
      '`rolebridge configure` writes this for you, keeps your own profiles, and removes obsolete ones.',
    traps: [
      'Requires the rolebridge client on the computer, signed in. Works with every AWS CLI and SDK, even without support for custom endpoints.',
    ],
  },
  container: {
    label: 'Containers',
    how: () =>
      'The environment of a container: take the lines of one role. Its token is made with `POST /api/v1/container-tokens`.',
    traps: [
      'The token gives this one role until your session in the terminal ends. The sessions page lists and revokes it. `rolebridge exec` gives a program on this computer the same without a token of its own.',
      'The AWS CLI takes https addresses here since 2.33.2, botocore since 1.42.5. Both ignore `AWS_CA_BUNDLE` at these addresses: the certificate must be of a public authority.',
    ],
  },
};

// Newer AWS CLIs ask the start URL by HEAD where it leads, before they log in. Users who open it
// want to know what to do with it.
export const startUrlHead = page({
  method: 'head',
  path: '/start',
  who: 'anyone',
  handle: (_input, _asking, { identityCenterRegion }: AwsConfigPageParts) => ({
    ...redirect(accessPortalOf(identityCenterRegion)),
    status: 302,
  }),
});

export const startUrl = page({
  path: '/start',
  who: 'anyone',
  handle: () => redirect(PATH),
});

export const awsConfigPage = page({
  path: PATH,
  who: 'signed-in user',
  reads: { query: AwsConfigQuery },
  handle: async ({ dialect, show }, user, parts: AwsConfigPageParts) => {
    // Including roles with unmet requirements: a request for one names them.
    const attainableRoles = attainable(await parts.access.rolesFor(user));
    const roles = [...attainableRoles].sort((a, b) => compareTexts(keyOf(a), keyOf(b)));
    const options = { baseUrl: parts.baseUrl, ssoRegion: parts.identityCenterRegion, roles };
    return dialect === undefined ? showPage(show, options, parts) : download(dialect, options);
  },
});

function download(dialect: AwsConfigDialect, options: AwsConfigOptions): Answer {
  const filename = dialect === 'container' ? 'rolebridge.env' : 'aws-config';
  return { ...attachment(filename, textOf(dialect, options)), compress: quickly };
}

function showPage(
  shown: Query['show'],
  options: AwsConfigOptions,
  { help }: AwsConfigPageParts,
): Answer {
  const [profile = ''] = profileNames(options.roles).values();
  const { how, traps } = DIALECTS[shown];
  return view('aws-config', {
    roleCount: options.roles.length,
    help,
    client: stepsOfClient(options.baseUrl, profile).map(phrases),
    choices: AWS_CONFIG_DIALECTS.map(id => ({
      label: DIALECTS[id].label,
      href: `${PATH}?show=${id}#profiles`,
      isShown: id === shown,
    })),
    dialect: {
      how: phrases(how(profile)),
      traps: traps.map(phrases),
      text: textOf(shown, options),
      downloadHref: `${PATH}?dialect=${shown}`,
    },
  });
}

/** As in docs/cli.md. */
function stepsOfClient(baseUrl: string, profile: string): readonly string[] {
  return [
    'Ask your administrators for the package of the client, and install it with `npm install -g PACKAGE`. It requires Node.js 20.18 or newer.',
    `Sign in with \`rolebridge login --server ${baseUrl}\`. The server is remembered.`,
    `Write your roles to \`~/.aws/config\` with \`rolebridge configure\`. From then on, AWS tools take a profile, such as \`aws sts get-caller-identity --profile ${profile}\`.`,
  ];
}

function textOf(dialect: AwsConfigDialect, options: AwsConfigOptions): string {
  return dialect === 'container'
    ? containerEnvironment(options)
    : renderSections(awsConfig(dialect, options));
}

/** A sentence in pieces: every second one is what users type. */
function phrases(text: string): Phrase[] {
  return text.split('`').map((words, index) => ({ words, isTyped: index % 2 === 1 }));
}

function keyOf({
  account,
  role,
}: {
  readonly account: { readonly name: string };
  readonly role: string;
}): string {
  return `${account.name}/${role}`;
}
