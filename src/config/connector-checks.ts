/** Checks across the keys of a connector: pairs that contradict each other, or have no effect. */
import type { AccountList } from './account-list.ts';
import { atMostOne, exactlyOne } from './exclusive-keys.ts';
import { type Path, type ProblemAt, quoted } from './problems.ts';
import type { Document } from './schema.ts';
import { isWritten, type Readable } from './schema-walk.ts';
import { compact } from './values.ts';

type ReadableConnector = NonNullable<Readable<Document['connectors'][number]>>;

export function* connectorProblems(
  { connectors = [] }: Readable<Document>,
  accounts: AccountList,
): Generator<ProblemAt> {
  for (const [index, connector] of connectors.entries()) {
    if (connector === undefined) continue;
    const path: Path = ['connectors', index];
    yield* exactlyOne(connector, ['oidc', 'saml'], path);
    yield* exactlyOne(connector.saml?.metadata, ['url', 'file'], [...path, 'saml', 'metadata']);
    for (const protocol of ['oidc', 'saml'] as const)
      if (connector[protocol] !== undefined)
        yield* atMostOne(
          connector[protocol],
          ['groupSeparator', 'groupsFormat'],
          [...path, protocol],
        );
    yield* refreshProblems(connector, path);
    yield* logoutProblems(connector, path);
    yield* mappingProblems(connector, path);
    yield* encryptionProblems(connector, path, accounts);
    const { id, label } = connector;
    const sameId = connectors.findIndex(other => id !== undefined && other?.id === id);
    if (sameId >= 0 && sameId < index) {
      yield {
        path: [...path, 'id'],
        message: `${quoted(String(id))} is already the id of connectors[${sameId}].`,
        fix: 'Give each connector its own id.',
      };
    }
    const sameLabel = connectors.findIndex(other => label !== undefined && other?.label === label);
    if (sameLabel >= 0 && sameLabel < index) {
      const message = `is the label of connectors[${sameLabel}], so users cannot tell them apart.`;
      yield { path: [...path, 'label'], message, fix: 'Write another label.', warning: true };
    }
  }
}

function* refreshProblems({ saml, refresh }: ReadableConnector, path: Path): Generator<ProblemAt> {
  if (refresh === undefined) return;
  if (saml !== undefined)
    yield {
      path: [...path, 'refresh'],
      message: 'is for OpenID Connect; SAML has no way to ask again about a user.',
      fix: 'Remove it.',
    };
  const { every, staleFor } = refresh;
  if (every !== undefined && staleFor !== undefined && every > staleFor)
    yield {
      path: [...path, 'refresh'],
      message:
        'has an every that is longer than staleFor: users are refused before a refresh is due.',
      fix: `Write ${compact(every)} or more as staleFor.`,
    };
}

function* logoutProblems({ saml, logout }: ReadableConnector, path: Path): Generator<ProblemAt> {
  if (saml !== undefined) {
    for (const key of ['backchannel', 'endsTerminals'] as const)
      if (logout?.[key] === true)
        yield {
          path: [...path, 'logout', key],
          message: 'is for OpenID Connect; single logout by SAML is not supported.',
          fix: 'Remove it.',
        };
  } else if (logout?.endsTerminals === true && logout.backchannel === false)
    yield {
      path: [...path, 'logout', 'endsTerminals'],
      message: 'has no effect without backchannel: the bridge accepts no sign-out of the provider.',
      fix: 'Add backchannel: true, or remove endsTerminals.',
    };
}

/** A user has many groups, and one of everything else. */
function* mappingProblems({ oidc, saml }: ReadableConnector, path: Path): Generator<ProblemAt> {
  const mappings = [
    [['oidc', 'claims'], oidc?.claims, undefined],
    [['saml', 'attributes'], saml?.attributes, saml?.subject],
  ] as const;
  for (const [at, mapping, subject] of mappings) {
    if (mapping?.groups === undefined) continue;
    const { username, email, displayName } = mapping;
    const single = { username, email, displayName, subject };
    const same = Object.entries(single).find(([, name]) => name === mapping.groups)?.[0];
    if (same === undefined) continue;
    yield {
      path: [...path, ...at, 'groups'],
      message: `is the same as ${same}: a user with one group would get its name there.`,
      fix: `Write another name for groups or for ${same}.`,
      warning: true,
    };
  }
}

function* encryptionProblems(
  { saml }: ReadableConnector,
  path: Path,
  accounts: AccountList,
): Generator<ProblemAt> {
  if (saml === undefined) return;
  const corporate = accounts.all.find(({ account }) => account.trust === 'corporate-saml');
  const isOff = saml.encryption === false;
  const isOffByDefault = !isWritten(saml, 'encryption') && corporate !== undefined;
  if (saml.allowCbc === true && (isOff || isOffByDefault))
    yield {
      path: [...path, 'saml', 'allowCbc'],
      message: isOff
        ? 'has no effect with encryption: false: the bridge rejects every encrypted assertion.'
        : `has no effect: encryption is false by default, because ${quoted(String(corporate?.account.name))} has trust: corporate-saml.`,
      fix: isOff
        ? 'Write encryption: true, or remove allowCbc.'
        : 'Add encryption: true, or remove allowCbc.',
    };
  const isOn = !isWritten(saml, 'encryption') && !isOffByDefault;
  if (isOn && saml.allowCbc === false && isLikeAdfs(saml.metadata?.url))
    yield {
      path: [...path, 'saml', 'metadata', 'url'],
      message:
        'looks like that of AD FS, which was reported to encrypt as soon as it sees the key of the bridge, as far as known with AES-CBC. The bridge then rejects its assertions.',
      fix: 'Write encryption: false. If the provider encrypts with AES-GCM or not at all, write encryption: true.',
      warning: true,
    };
}

/**
 * AD FS publishes its metadata at this path, and so does Entra ID, on hosts of Microsoft's clouds.
 * The address alone is known here.
 */
function isLikeAdfs(url: string | undefined): boolean {
  if (url === undefined) return false;
  const { hostname, pathname } = new URL(url);
  return (
    /^\/FederationMetadata\/2007-06\/FederationMetadata\.xml$/i.test(pathname) &&
    !/(?:^|\.)(?:microsoftonline\.(?:com|us|cn)|windows\.net|ciamlogin\.com)$/i.test(hostname)
  );
}
