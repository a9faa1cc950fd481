/** "Use it in your terminal": the finished ~/.aws/config of this person, in the dialects that AWS tools read. */
import { Router } from 'express';
import * as z from 'zod';
import type { Access } from '../bridge/access.ts';
import {
  AWS_CONFIG_DIALECTS,
  AWS_CONFIG_TRAPS,
  type AwsConfigDialect,
  type AwsConfigOptions,
  awsConfig,
  containerEnvironment,
  profileNames,
  renderSections,
} from '../core/aws-config.ts';
import { sessionIn, viewerIn } from '../http/current-session.ts';
import { readQuery } from '../http/read.ts';
import type { Renderer } from '../http/render.ts';
import { contextOf } from '../http/request-context.ts';
import type { Phrase } from '../http/views.ts';

export interface AwsConfigPageParts {
  readonly baseUrl: string;
  readonly identityCenterRegion: string;
  readonly access: Access;
  readonly renderer: Renderer;
}

const PATH = '/aws-config';
const AwsConfigQuery = z.object({ dialect: z.enum(AWS_CONFIG_DIALECTS).optional() });

/** What people type stands in backticks. */
const DIALECTS: { readonly [D in AwsConfigDialect]: { readonly label: string; readonly how: (profile: string) => string } } = {
  'sso-session': {
    label: 'AWS CLI and SDKs',
    how: profile => `Put it into \`~/.aws/config\`, then sign in with \`aws sso login --profile ${profile}\`. Nothing else is installed.`,
  },
  'sso-legacy': {
    label: 'Older tools',
    how: profile =>
      `For tools that do not know sso-session. Put it into \`~/.aws/config\`, then sign in with \`aws sso login --profile ${profile}\`.`,
  },
  'credential-process': {
    label: 'rolebridge client',
    how: () => '`rolebridge configure` writes this for you, keeps what is yours, and takes away what is gone.',
  },
  container: {
    label: 'Containers',
    how: () => 'The environment of a container, one role each. A token is made with `POST /api/v1/container-tokens`.',
  },
};

export function awsConfigPage({ baseUrl, identityCenterRegion: ssoRegion, access, renderer }: AwsConfigPageParts): Router {
  const router = Router();

  router.get(PATH, (request, response) => {
    const session = sessionIn(response);
    if (session === undefined) {
      response.redirect(303, `/sign-in?return_to=${encodeURIComponent(PATH)}`);
      return;
    }
    const { dialect } = readQuery(request, AwsConfigQuery);
    const roles = [...access.rolesFor(session.identity, contextOf(response).origin).granted].sort((a, b) => compare(keyOf(a), keyOf(b)));
    const options: AwsConfigOptions = { baseUrl, ssoRegion, roles };
    if (dialect !== undefined) {
      response.attachment(dialect === 'container' ? 'rolebridge.env' : 'aws-config');
      response.type('text/plain').send(textOf(dialect, options));
      return;
    }
    const [profile = 'NAME'] = profileNames(roles).values();
    response.type('html').send(
      renderer.render('aws-config', {
        viewer: viewerIn(response)!,
        roleCount: roles.length,
        dialects: AWS_CONFIG_DIALECTS.map(id => ({
          id,
          label: DIALECTS[id].label,
          how: phrases(DIALECTS[id].how(profile)),
          traps: AWS_CONFIG_TRAPS[id].map(phrases),
          text: textOf(id, options) || '# no role now\n',
          downloadHref: `${PATH}?dialect=${id}`,
        })),
      }),
    );
  });

  return router;
}

function textOf(dialect: AwsConfigDialect, options: AwsConfigOptions): string {
  return dialect === 'container' ? containerEnvironment(options) : renderSections(awsConfig(dialect, options));
}

/** A sentence in pieces: every second one is what people type. */
function phrases(text: string): Phrase[] {
  return text.split('`').map((words, index) => ({ words, isTyped: index % 2 === 1 }));
}

function keyOf({ account, role }: { readonly account: { readonly name: string }; readonly role: string }): string {
  return `${account.name}/${role}`;
}

function compare(a: string, b: string): number {
  return a < b ? -1 : 1;
}
