/** The grammar of `cli`: logins from terminals. */
import { z } from 'zod';
import { isLoopbackRedirect } from '../core/oauth-client.ts';
import { isRoleName } from '../core/role.ts';
import { HOUR, MINUTE, type Seconds } from '../core/time.ts';
import { region } from './aws-values.ts';
import { quoted } from './problems.ts';
import { checked, duration, flag, pattern, text } from './values.ts';

const DAY = 24 * HOUR;
/** The upper limit of every session that a login opens. */
export const LONGEST_LOGIN: Seconds = 7 * DAY;

export const clientId = () =>
  pattern(
    'client id',
    /^[A-Za-z0-9][\w.-]{0,63}$/,
    '1 to 64 letters, digits, dots, underscores and dashes',
  );

/** `prod/Admin`, with a star for any account or any role. */
const roleOfAccount = () =>
  checked(z.string(), value => {
    const slash = value.indexOf('/');
    const [account, role] = [value.slice(0, slash), value.slice(slash + 1)];
    return slash > 0 && account.trim() === account && (role === '*' || isRoleName(role))
      ? undefined
      : {
          message: `${quoted(value)} is not ACCOUNT/ROLE.`,
          fix: 'Write prod/ReadOnly, with * for any account or any role: */ReadOnly.',
        };
  }).meta({ kind: 'ACCOUNT/ROLE' });

const loopbackRedirect = () =>
  checked(z.string(), value =>
    isLoopbackRedirect(value) && !/^http:\/\/[^/]*\d:\d|\]:\d/.test(value)
      ? undefined
      : {
          message: `${quoted(value)} is not a loopback address without a port.`,
          fix: 'Write http://127.0.0.1/PATH or http://[::1]/PATH.',
        },
  ).meta({ kind: 'URL' });

const deviceGrant = z.strictObject({
  enabled: flag()
    .prefault(true)
    .describe(
      'Allows logins that are confirmed by a code in any browser. Such codes can be phished; without them, a login requires a browser on the machine of the terminal.',
    ),
  interval: duration({ min: 1, max: MINUTE })
    .prefault('5s')
    .describe('How long a terminal waits between two polls.'),
  roles: z
    .array(roleOfAccount())
    .prefault(['*/*'])
    .describe(
      'Roles of the user that a login by code can use, such as `prod/ReadOnly`; `*` means any account or any role.',
    ),
  stepUp: flag()
    .prefault(false)
    .describe(
      'Whether a login by code can be stepped up when a rule requires a second factor or a newer sign-in. With false, such a role requires a login in the browser of the machine.',
    ),
});

const client = z.strictObject({
  id: clientId().meta({
    description: 'The `client_id` that the program sends.',
    example: 'acme-tool',
  }),
  name: text(80).meta({
    description: 'The name on the confirmation page.',
    example: 'Acme deployment tool',
  }),
  redirectUris: z
    .array(loopbackRedirect())
    .prefault([])
    .describe(
      'Loopback addresses where the program listens, without a port; none for a program that uses the device grant only.',
    ),
});

const identityCenter = z.strictObject({
  region: region()
    .prefault('us-east-1')
    .describe(
      'The `sso_region` of generated profiles. It names no location: every request goes to `baseUrl`.',
    ),
});

export const cli = z.strictObject({
  max: duration({ min: 15 * MINUTE, max: LONGEST_LOGIN })
    .prefault('12h')
    .describe(
      'A terminal session always expires this long after its sign-in, because its groups are as old as the sign-in.',
    ),
  accessToken: duration({ min: 5 * MINUTE, max: 12 * HOUR })
    .prefault('1h')
    .describe(
      'Lifetime of an access token. The AWS CLI and boto3 renew in the last 15 minutes, each process for itself.',
    ),
  deviceGrant: deviceGrant
    .prefault({})
    .describe('Logins that are confirmed by a code (RFC 8628): over SSH, in containers.'),
  identityCenter: identityCenter
    .prefault({})
    .describe('The protocol of IAM Identity Center, for unmodified AWS CLIs and SDKs.'),
  clients: z
    .array(client)
    .prefault([])
    .describe(
      'Further programs that can start a login, in addition to the client `rolebridge-cli`. All are public clients.',
    ),
});
