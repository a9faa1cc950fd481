/** What is left to do after `init`: at the provider, with the secret, and the next command. */
import type { Answers } from './answers.ts';
import { claimNames } from './document.ts';
import { PLACEHOLDERS, type PlaceholderName, type ProviderRow } from './provider-row.ts';
import { PROVIDERS } from './providers.ts';

export interface Instructions {
  /** The heading of docs/identity-providers.md. */
  readonly heading: string;
  readonly steps: readonly string[];
  readonly remarks: readonly string[];
  /** Every value that steps contain, by its name. */
  readonly values: Readonly<Record<string, string>>;
  /** Where the secret belongs; undefined for SAML. */
  readonly secret?: string | undefined;
  /** Commands, in order. */
  readonly next: readonly string[];
}

export function instructionsOf(answers: Answers, configFile: string): Instructions {
  const row: ProviderRow = PROVIDERS[answers.provider];
  const { steps, remarks = [] } = answers.protocol === 'saml' ? row.saml! : row.oidc!;
  const values = valuesOf(answers, row);
  const used = (Object.keys(values) as PlaceholderName[]).filter(name =>
    steps.some(step => step.includes(`{${name}}`)),
  );
  return {
    heading: row.heading,
    steps: steps.map(step => filled(step, values)),
    remarks,
    values: Object.fromEntries(used.map(name => [PLACEHOLDERS[name], values[name]])),
    secret: secretOf(answers),
    next: nextCommands(configFile),
  };
}

function valuesOf(answers: Answers, row: ProviderRow): Readonly<Record<PlaceholderName, string>> {
  const { baseUrl, connector, protocol } = answers;
  const names = claimNames(answers, (protocol === 'saml' ? row.saml! : row.oidc!).claims);
  return {
    acs: `${baseUrl}/saml/${connector}/acs`,
    entityId: `${baseUrl}/saml/${connector}/metadata`,
    metadata: `${baseUrl}/saml/${connector}/metadata`,
    redirect: `${baseUrl}/oidc/${connector}/callback`,
    postLogout: `${baseUrl}/signed-out`,
    backchannel: `${baseUrl}/oidc/${connector}/backchannel-logout`,
    username: names.username,
    email: names.email,
    groups: names.groups,
  };
}

function filled(step: string, values: Readonly<Record<PlaceholderName, string>>): string {
  return step.replaceAll(/\{(\w+)\}/g, (whole, name: string) =>
    Object.hasOwn(values, name) ? values[name as PlaceholderName] : whole,
  );
}

function secretOf({ clientSecret }: Answers): string | undefined {
  if (clientSecret === undefined) return undefined;
  return 'env' in clientSecret
    ? `Put the client secret into the environment variable ${clientSecret.env} of the server.`
    : `Put the client secret into the file ${clientSecret.file} (mode 0600, owned by the user of the server). With systemd, LoadCredential can provide it.`;
}

function nextCommands(configFile: string): readonly string[] {
  const file = shellWord(configFile);
  return [
    `rolebridge-server trust terraform --out trust ${file}`,
    `rolebridge-server check ${file}`,
    `rolebridge-server doctor ${file}`,
    `rolebridge-server serve ${file}`,
  ];
}

function shellWord(text: string): string {
  return /^[\w./@%+=:,-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`;
}
