/** Kinds of values of notifications. What a secret contains is never repeated in a problem. */
import { isMailAddress } from '../core/mail-address.ts';
import { urlProblem } from './network-values.ts';
import type { Problem } from './problems.ts';
import { quoted } from './problems.ts';
import { word } from './values.ts';

export const mailAddress = () =>
  word('mail address', value =>
    isMailAddress(value)
      ? undefined
      : {
          message: `${quoted(value)} is not a mail address.`,
          fix: 'Write one address without a name, such as aws@example.com.',
        },
  );

const [LEAST_KEY_BYTES, MOST_KEY_BYTES] = [24, 64];

/** The secret of a webhook: `whsec_` and base64 (Standard Webhooks). */
export function webhookSecretProblem(secret: string): Problem | undefined {
  const [, encoded] = /^whsec_([A-Za-z0-9+/]+={0,2})$/.exec(secret) ?? [];
  const key = Buffer.from(encoded ?? '', 'base64');
  const isWhole = encoded !== undefined && key.toString('base64') === encoded;
  if (isWhole && key.length >= LEAST_KEY_BYTES && key.length <= MOST_KEY_BYTES) return undefined;
  return {
    message: 'points at something that is not a secret of Standard Webhooks.',
    fix: `Put whsec_ and the base64 of ${LEAST_KEY_BYTES} to ${MOST_KEY_BYTES} random bytes there, as printf 'whsec_%s' "$(openssl rand -base64 32)" prints it.`,
  };
}

/** The URL of an incoming webhook, which is itself the secret. */
export function slackUrlProblem(text: string): Problem | undefined {
  if (urlProblem(text) === undefined) return undefined;
  return {
    message: 'points at something that is not the URL of an incoming webhook.',
    fix: 'Put its whole URL there, such as https://hooks.slack.com/services/...; http is for loopback only.',
  };
}

/**
 * The URL of a mail server. Parameters are rejected, because mail libraries read options from them,
 * which could turn off the check of certificates.
 */
export function smtpUrlProblem(text: string): Problem | undefined {
  const fix =
    'Put smtp://user:password@host:587 or smtps://user:password@host there, special characters in percent form.';
  if (!/^smtps?:\/\/[^\s\\]+$/i.test(text) || !URL.canParse(text))
    return { message: 'points at something that is not an SMTP URL.', fix };
  const { hostname, pathname, search, hash, username, password } = new URL(text);
  if (hostname === '') return { message: 'points at an SMTP URL without a host.', fix };
  if (!['', '/'].includes(pathname) || /[?#]/.test(text) || search !== '' || hash !== '')
    return { message: 'points at an SMTP URL with a path or parameters.', fix };
  if (!isDecodable(username) || !isDecodable(password))
    return { message: 'points at an SMTP URL with a wrong percent form.', fix };
  return undefined;
}

function isDecodable(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
