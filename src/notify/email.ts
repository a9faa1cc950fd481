/**
 * Notifications by mail, over SMTP with TLS. Every recipient is a target of its own, so that a
 * mailbox that is full delays no other one. What is recorded as told is that the mail server took
 * the message.
 */
import { createHash } from 'node:crypto';
import { createTransport, type NodemailerError, type Transporter } from 'nodemailer';
import type { ElevationEventType } from '../core/elevation.ts';
import { elevationMessage } from '../core/elevation-message.ts';
import type { ElevationNotification, Telling, UrlOf } from '../core/elevation-notice.ts';
import { isLoopbackHost } from '../core/loopback.ts';
import { isMailAddress } from '../core/mail-address.ts';
import type { NotificationTarget } from '../core/ports.ts';
import { printableExcerpt } from '../core/printable.ts';
import type { Seconds } from '../core/time.ts';
import type { MailContent } from './mail-content.ts';
import { secretsOfLogin, withheld } from './withheld.ts';

export interface MailParts {
  readonly id: string;
  /** `smtp://user:password@host:587`, or `smtps:`. */
  readonly smtpUrl: string;
  /** An address without a name, as `to`. */
  readonly from: string;
  /** They get every event. */
  readonly to: readonly string[];
  readonly urlOf: UrlOf;
  readonly content: MailContent;
  /** How the sender calls itself. */
  readonly productName: string;
}

/** Whether requesters hear it of their own requests, unless they did it themselves. */
const FOR_REQUESTERS: { readonly [T in ElevationEventType]: boolean } = {
  requested: false,
  approved: true,
  'glass-broken': true,
  denied: true,
  withdrawn: false,
  revoked: true,
  'rule-changed': true,
  reviewed: true,
  'review-overdue': false,
};

/** Of a connection and of each answer. One call has a limit besides. */
const PATIENCE: Seconds = 10;
const TLS_PORT = 465;
const SUBMISSION_PORT = 587;
const MAX_SUBJECT = 200;
/** Of a fault in the log, in characters. */
const MAX_FAULT = 200;

/** The target `id` gives requesters their mail; each target `id/address` is one of `to`. */
export function createMailTargets(parts: MailParts): readonly NotificationTarget[] {
  const { id, to } = parts;
  const sender: Sender = { ...parts, transport: transportTo(parts.smtpUrl) };
  const others = new Set(to.map(address => address.toLowerCase()));
  return [
    {
      id,
      tell: async (notification, signal) => {
        const address = requesterToTell(notification);
        if (address === undefined || others.has(address.toLowerCase())) return { kind: 'told' };
        if (!isMailAddress(address))
          return { kind: 'refused', why: 'the e-mail of the requester is not an address' };
        return send(sender, { notification, recipient: address, signal });
      },
    },
    ...to.map(recipient => ({
      id: `${id}/${recipient}`,
      tell: (notification: ElevationNotification, signal: AbortSignal) =>
        send(sender, { notification, recipient, signal }),
    })),
  ];
}

function requesterToTell({ request, event }: ElevationNotification): string | undefined {
  const { requester } = request;
  const isOwn = event.type === 'revoked' && event.by.person === requester.person;
  return FOR_REQUESTERS[event.type] && !isOwn ? requester.email : undefined;
}

interface Sender extends MailParts {
  readonly transport: Transporter;
}

/** Over TLS from the start, or by STARTTLS, without which nothing is sent; except on loopback. */
function transportTo(smtpUrl: string): Transporter {
  const { protocol, hostname, port, username, password } = new URL(smtpUrl);
  const secure = protocol.toLowerCase() === 'smtps:';
  const isLoopback = isLoopbackHost(hostname);
  const milliseconds = PATIENCE * 1000;
  return createTransport({
    host: hostname.replace(/^\[|\]$/g, ''),
    port: port === '' ? (secure ? TLS_PORT : SUBMISSION_PORT) : Number(port),
    ...{ secure, requireTLS: !isLoopback, ignoreTLS: isLoopback },
    auth:
      username === ''
        ? undefined
        : { user: decodeURIComponent(username), pass: decodeURIComponent(password) },
    tls: { minVersion: 'TLSv1.2' },
    ...{ connectionTimeout: milliseconds, greetingTimeout: milliseconds },
    ...{ socketTimeout: milliseconds, dnsTimeout: milliseconds, socketCloseTimeout: 0 },
    ...{ disableFileAccess: true, disableUrlAccess: true },
  });
}

interface Sending {
  readonly notification: ElevationNotification;
  readonly recipient: string;
  readonly signal: AbortSignal;
}

async function send(sender: Sender, sending: Sending): Promise<Telling> {
  try {
    await sender.transport.sendMail({ ...mailFor(sender, sending), signal: sending.signal });
    return { kind: 'told' };
  } catch (thrown) {
    return faultOf(thrown, loginSecretsOf(sender.smtpUrl));
  }
}

function mailFor(
  { from, urlOf, content, productName }: Sender,
  { notification, recipient }: Sending,
) {
  const { request, event } = notification;
  const message = elevationMessage(notification);
  const model = { ...message, address: urlOf(request.id), productName };
  const domain = from.slice(from.indexOf('@') + 1);
  const reader = createHash('sha256').update(recipient.toLowerCase()).digest('hex').slice(0, 16);
  return {
    from: { name: productName, address: from },
    to: { name: '', address: recipient },
    envelope: { from, to: [recipient] },
    subject: printableExcerpt(message.title, MAX_SUBJECT),
    date: new Date(event.at),
    messageId: `<${request.id}.${event.number}.${reader}@${domain}>`,
    // Mail programs show the story of an elevation as one conversation.
    references: `<${request.id}.${reader}@${domain}>`,
    headers: { 'Auto-Submitted': 'auto-generated', 'X-Auto-Response-Suppress': 'All' },
    priority: message.isUrgent ? ('high' as const) : ('normal' as const),
    text: content.text(model),
    html: content.html(model),
  };
}

/** A recipient or a message that the server rejects for good is given up; all else is retried. */
function faultOf(thrown: unknown, secrets: readonly string[]): Telling {
  const { code, command, responseCode = 0, message = '' } = thrown as Partial<NodemailerError>;
  const isOfRecipient =
    (code === 'EENVELOPE' || code === 'EMESSAGE') && command !== 'MAIL FROM' && responseCode >= 500;
  // It says what the server answered, which can repeat the login.
  const why = printableExcerpt(withheld(message, secrets), MAX_FAULT) || 'unknown fault';
  return { kind: isOfRecipient ? 'refused' : 'failed', why };
}

function loginSecretsOf(smtpUrl: string): readonly string[] {
  const { username, password } = new URL(smtpUrl);
  return secretsOfLogin(decodeURIComponent(username), decodeURIComponent(password));
}
