/**
 * The pages that people see after the console sign-in. They look like nothing of Amazon's, on
 * purpose.
 */
import { createHash } from 'node:crypto';
import { Html, html } from '../html.ts';
import type { Answer } from './web.ts';

const STYLE = `
:root { color-scheme: light dark; --ink: #1c2430; --soft: #5b6675; --paper: #f3f5f8; --card: #fff; --line: #dde2ea; --accent: #2f5fd0; --good: #1d7a4c; --chip: #e9eef9; }
@media (prefers-color-scheme: dark) { :root { --ink: #e8ecf2; --soft: #a0abbb; --paper: #12161d; --card: #1b212b; --line: #2d3643; --accent: #8fb0ff; --good: #6bd09b; --chip: #263149; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, sans-serif; }
header { background: var(--card); border-bottom: 1px solid var(--line); }
header div, main { max-width: 60rem; margin: 0 auto; padding: 0.9rem 1.5rem; }
header div { display: flex; flex-wrap: wrap; gap: 0.4rem 1rem; align-items: baseline; justify-content: space-between; }
header strong { font-size: 1.05rem; }
header span { color: var(--soft); font-size: 0.9rem; }
main { padding-top: 2rem; padding-bottom: 3rem; }
h1 { font-size: 1.7rem; line-height: 1.25; margin: 0 0 0.3rem; }
h2 { font-size: 1rem; margin: 0 0 0.7rem; }
p { margin: 0 0 1rem; }
.lead { color: var(--soft); margin-bottom: 1.5rem; }
.state { display: inline-block; color: var(--good); font-weight: 600; font-size: 0.9rem; margin-bottom: 0.4rem; }
.ended { color: var(--soft); }
section { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: 1.2rem 1.4rem; margin-bottom: 1.2rem; }
dl { display: grid; grid-template-columns: minmax(9rem, 13rem) 1fr; gap: 0.5rem 1.2rem; margin: 0; }
dt { color: var(--soft); }
dd { margin: 0; overflow-wrap: anywhere; }
code { font: 0.92em ui-monospace, monospace; }
.chip { display: inline-block; background: var(--chip); border-radius: 999px; padding: 0.05rem 0.6rem; font-size: 0.8rem; margin-left: 0.5rem; }
table { border-collapse: collapse; width: 100%; }
th { text-align: left; font-weight: 500; color: var(--soft); font-size: 0.9rem; }
th, td { padding: 0.4rem 0.8rem 0.4rem 0; border-top: 1px solid var(--line); overflow-wrap: anywhere; }
a { color: var(--accent); }
nav a { margin-right: 1.4rem; }
button { font: inherit; color: var(--accent); background: var(--chip); border: 1px solid var(--line); border-radius: 8px; padding: 0.4rem 0.9rem; cursor: pointer; }
@media (max-width: 36rem) { dl { grid-template-columns: 1fr; gap: 0 0; } dd { margin-bottom: 0.7rem; } }
`;

const HEADERS: Readonly<Record<string, string>> = {
  'content-type': 'text/html; charset=utf-8',
  'cache-control': 'no-store',
  'content-security-policy': `default-src 'none'; style-src 'sha256-${createHash('sha256').update(STYLE).digest('base64')}'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'`,
  'referrer-policy': 'no-referrer',
  'x-content-type-options': 'nosniff',
};

/** One whole page. */
function page(
  status: number,
  title: string,
  content: Html,
  headers: Readonly<Record<string, string>> = {},
): Answer {
  const document = html`<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${title} · local AWS</title>
<style>${new Html(STYLE)}</style>
</head>
<body>
<header><div><strong>rolebridge local AWS</strong><span>A stand-in for tests and demos. This is not Amazon's console.</span></div></header>
<main>
${content}
</main>
</body>
</html>
`;
  return { status, headers: { ...HEADERS, ...headers }, body: document.text };
}

export interface SignedInModel {
  readonly roleName: string;
  readonly accountName: string;
  readonly accountId: string;
  readonly partition: string;
  readonly arn: string;
  readonly roleSessionName: string;
  /** Epoch milliseconds. */
  readonly now: number;
  readonly endsAt: number;
  readonly sourceIdentity: string | undefined;
  readonly tags: readonly {
    readonly key: string;
    readonly value: string;
    readonly transitive: boolean;
  }[];
  readonly chained: boolean;
  readonly provider: string | undefined;
  readonly destination: string;
  readonly issuerUrl: string | undefined;
  readonly signOutUrl: string;
}

export function signedInPage(model: SignedInModel): Answer {
  const row = (term: string, value: Html | string): Html =>
    html`<dt>${term}</dt><dd>${value}</dd>\n`;
  const content = html`<span class="state">Signed in</span>
<h1>${model.roleName} in ${model.accountName}</h1>
<p class="lead">The federated sign-in was checked by the rules that AWS documents, and this is the console session that came of it.</p>
<section>
<dl>
${row('Role session', html`<code>${model.arn}</code>`)}
${row('Session name', html`<code>${model.roleSessionName}</code>`)}
${row('Account', html`${model.accountName} <code>${model.accountId}</code>`)}
${row('Partition', html`<code>${model.partition}</code>`)}
${row('Until', html`<time datetime="${iso(model.endsAt)}">${iso(model.endsAt).replace('T', ' ').replace('Z', ' UTC')}</time><span class="chip">${timeLeft(model.endsAt - model.now)} left</span>`)}
${row('Source identity', model.sourceIdentity === undefined ? 'not set' : html`<code>${model.sourceIdentity}</code>`)}
${row('Identity provider', model.provider === undefined ? 'none' : html`<code>${model.provider}</code>`)}
${row('Reached', model.chained ? 'with temporary credentials, as in role chaining' : 'directly, without role chaining')}
${row('Asked for', html`<code>${model.destination}</code>`)}
</dl>
</section>
<section>
<h2>Session tags</h2>
${model.tags.length === 0 ? html`<p>This session has no tags.</p>` : tagTable(model.tags)}
</section>
<nav>${model.issuerUrl === undefined ? undefined : html`<a href="${model.issuerUrl}">Back to ${hostOf(model.issuerUrl)}</a>`}<a href="${model.signOutUrl}">Sign out</a></nav>`;
  return page(200, `${model.roleName} in ${model.accountName}`, content);
}

function tagTable(tags: SignedInModel['tags']): Html {
  const rows = tags.map(
    ({ key, value, transitive }) =>
      html`<tr><td>${key}${transitive ? html`<span class="chip">transitive</span>` : undefined}</td><td>${value}</td></tr>\n`,
  );
  return html`<table><thead><tr><th scope="col">Key</th><th scope="col">Value</th></tr></thead><tbody>
${rows}</tbody></table>`;
}

export interface RolesModel {
  readonly samlResponse: string;
  readonly relayState: string;
  readonly roles: readonly { readonly roleArn: string; readonly label: string }[];
}

/**
 * A response that holds several roles: the person chooses, and the response is posted once more.
 */
export function rolesPage({ samlResponse, relayState, roles }: RolesModel): Answer {
  const choices = roles.map(
    ({ roleArn, label }) =>
      html`<p><button name="roleArn" value="${roleArn}">${label}</button></p>\n`,
  );
  const form = html`<h1>Choose a role</h1>
<form method="post" action="/saml">
<input type="hidden" name="SAMLResponse" value="${samlResponse}">
<input type="hidden" name="RelayState" value="${relayState}">
<section>
${choices}</section>
</form>`;
  return page(200, 'Choose a role', form);
}

/** `issuerUrl` is where the session came from; undefined when that is not known. */
export function endedPage(issuerUrl: string | undefined): Answer {
  const back =
    issuerUrl === undefined
      ? undefined
      : html`<nav><a href="${issuerUrl}">Sign in again at ${hostOf(issuerUrl)}</a></nav>`;
  const text =
    issuerUrl === undefined
      ? 'There is no console session in this browser.'
      : 'Console sessions end at the time that was set when they began.';
  return page(
    401,
    'Session ended',
    html`<span class="state ended">Signed out</span>\n<h1>Your console session has ended</h1>\n<p>${text}</p>\n${back}`,
  );
}

export function signedOutPage(headers: Readonly<Record<string, string>>): Answer {
  return page(
    200,
    'Signed out',
    html`<span class="state ended">Signed out</span>\n<h1>You are signed out</h1>\n<p>This browser has no console session any more.</p>`,
    headers,
  );
}

export function refusalPage(status: number, title: string, text: string): Answer {
  return page(status, title, html`<h1>${title}</h1>\n<p>${text}</p>`);
}

function iso(time: number): string {
  return new Date(time).toISOString().replace(/\.\d{3}Z$/, 'Z');
}

function timeLeft(milliseconds: number): string {
  const minutes = Math.max(0, Math.floor(milliseconds / 60_000));
  const hours = Math.floor(minutes / 60);
  return hours > 0 ? `${hours} h ${minutes % 60} min` : `${minutes} min`;
}

function hostOf(url: string): string {
  return URL.parse(url)?.host ?? url;
}
