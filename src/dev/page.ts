/**
 * The pages of the corporate identity providers: one look, every value escaped, no script but the
 * one that sends a form on.
 */
import { createHash } from 'node:crypto';
import { Html, html } from './html.ts';

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2430; --dim: #566173; --paper: #ffffff; --ground: #eef1f5; --line: #ccd3dd; --accent: #7a3b8f; --bad: #a3261b; }
@media (prefers-color-scheme: dark) {
  :root { --ink: #e6eaf0; --dim: #9aa6b8; --paper: #1b212b; --ground: #12161d; --line: #374152; --accent: #c790dc; --bad: #ff9d93; }
}
* { box-sizing: border-box; }
body { margin: 0; min-height: 100vh; display: grid; place-items: center; padding: 1.5rem; background: var(--ground); color: var(--ink); font: 1rem/1.5 system-ui, sans-serif; }
main { width: 100%; max-width: 25rem; padding: 2rem; background: var(--paper); border: 1px solid var(--line); border-top: .3rem solid var(--accent); border-radius: .5rem; }
h1 { margin: 0 0 .25rem; font-size: 1.35rem; }
p { margin: .5rem 0; } .dim { color: var(--dim); font-size: .9rem; } .bad { color: var(--bad); font-weight: 600; }
label { display: block; margin-top: 1rem; font-weight: 600; } label.check { font-weight: 400; }
input[type=text], input[type=password] { width: 100%; margin-top: .25rem; padding: .55rem .6rem; border: 1px solid var(--line); border-radius: .3rem; background: var(--ground); color: inherit; font: inherit; }
pre { overflow-x: auto; font-size: .8rem; } summary { margin-top: .75rem; cursor: pointer; }
button { width: 100%; margin-top: 1.25rem; padding: .65rem; border: 0; border-radius: .3rem; background: var(--accent); color: var(--paper); font: inherit; font-weight: 600; cursor: pointer; }
:focus-visible { outline: 3px solid var(--accent); outline-offset: 2px; }
`;
const SUBMIT_SCRIPT = 'document.forms[0].submit();';

const hashOf = (text: string): string =>
  `'sha256-${createHash('sha256').update(text).digest('base64')}'`;

/**
 * Headers of every page. There is no form-action: browsers hold it against each redirect that
 * follows a form, and a sign-in ends on addresses that only the relying party knows.
 */
export const PAGE_HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'content-security-policy': `default-src 'none'; style-src ${hashOf(STYLE)}; script-src ${hashOf(SUBMIT_SCRIPT)}; base-uri 'none'; frame-ancestors 'none'`,
  'cache-control': 'no-store',
  // Not no-referrer: with it browsers send "Origin: null" along with our own forms.
  'referrer-policy': 'strict-origin-when-cross-origin',
  'x-content-type-options': 'nosniff',
};

export interface Page {
  readonly title: string;
  readonly body: Html;
  /** Sends the first form at once where scripts run. */
  readonly submitsItself?: boolean | undefined;
}

export function page({ title, body, submitsItself }: Page): string {
  return html`<!DOCTYPE html>
<html lang="en">
<head><meta charset="utf-8"><meta name="viewport" content="width=device-width, initial-scale=1"><title>${title}</title><style>${new Html(STYLE)}</style></head>
<body><main>${body}</main>${submitsItself ? new Html(`<script>${SUBMIT_SCRIPT}</script>`) : undefined}</body>
</html>
`.text;
}

export interface SignInForm {
  /** What the identity provider calls itself. */
  readonly provider: string;
  /** Where the person is going. */
  readonly destination: string;
  readonly action: string;
  readonly hidden: Readonly<Record<string, string>>;
  /** Why the last try did not work. */
  readonly problem?: string | undefined;
  readonly usernames: readonly string[];
}

/** Fields: `username`, `password`, `second_factor` (`on` when ticked) and the hidden ones. */
export function signInPage({
  provider,
  destination,
  action,
  hidden,
  problem,
  usernames,
}: SignInForm): string {
  return page({
    title: `Sign in - ${provider}`,
    body: html`
<h1>${provider}</h1>
<p>Sign in to continue to ${destination}</p>
${problem === undefined ? undefined : html`<p class="bad" role="alert">${problem}</p>`}
<form method="post" action="${action}">
${hiddenFields(hidden)}
<label>User name <input type="text" name="username" autocomplete="username" autocapitalize="none" spellcheck="false" required autofocus></label>
<label>Password <input type="password" name="password" autocomplete="current-password" required></label>
<label class="check"><input type="checkbox" name="second_factor" checked> Second factor (stands for an authenticator prompt)</label>
<button type="submit">Sign in</button>
</form>
<p class="dim">A demo identity provider, not a real one. People: ${usernames.join(', ')}; the password is the user name.</p>`,
  });
}

export function hiddenFields(fields: Readonly<Record<string, string>>): Html[] {
  return Object.entries(fields).map(
    ([name, value]) => html`<input type="hidden" name="${name}" value="${value}">`,
  );
}
