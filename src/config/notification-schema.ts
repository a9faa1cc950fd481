/** The grammar of `notifications`: who is told of elevations, and how. */
import { z } from 'zod';
import { url } from './network-values.ts';
import { mailAddress } from './notification-values.ts';
import { secret } from './reference-values.ts';
import { pattern } from './values.ts';

const slack = z.strictObject({
  webhook: secret().describe(
    'The URL of an incoming webhook. A message contains a link; approvals happen at the bridge.',
  ),
});

const webhook = z.strictObject({
  url: url().meta({
    description: 'The endpoint that receives each event as JSON.',
    example: 'https://hooks.example.com/aws',
  }),
  secret: secret().describe(
    'Signs each message (Standard Webhooks): `whsec_` and the base64 of 24 to 64 bytes.',
  ),
  previousSecret: secret()
    .optional()
    .describe(
      'Also signs each message, while receivers change to the new `secret`. Remove it afterwards.',
    ),
});

const email = z.strictObject({
  smtp: secret().describe(
    'The mail server: `smtp://user:password@host:587` or `smtps://user:password@host`. STARTTLS is required with `smtp`, except on loopback.',
  ),
  from: mailAddress().meta({ description: 'The sender.', example: 'aws@example.com' }),
  to: z.array(mailAddress()).max(50).optional().meta({
    description:
      'Mailboxes that get every event. Requesters get those of their own requests at the e-mail of their identity provider.',
    default: '`[]`: only requesters get mail',
  }),
});

/** The kinds of targets. */
const kinds = {
  slack: slack
    .optional()
    .describe('A channel in Slack, or in a product with the same webhooks. One kind for each id.'),
  webhook: webhook.optional().describe('An endpoint that you operate (Standard Webhooks).'),
  email: email.optional().describe('Mail.'),
};

/** One of them is in each target. */
export const NOTIFICATION_KINDS = Object.keys(kinds) as readonly (keyof typeof kinds)[];

export const notification = z.strictObject({
  id: pattern(
    'notification id',
    /^[a-z0-9][a-z0-9-]{0,31}$/,
    '1 to 32 lowercase letters, digits and dashes',
  ).meta({
    description:
      'Names the target in the log and in the store. A target with a new id gets new events only.',
    example: 'ops',
  }),
  ...kinds,
});
