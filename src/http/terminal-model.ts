export const APPLICATION_KINDS: { readonly [K in ApplicationKind]: string } = {
  spa: 'Web application',
  mobile: 'Mobile application',
};

const NO_NAME = 'an unnamed computer';

/** A terminal or an application as pages show it. */
import type { ApplicationKind } from '../core/application.ts';
import type { CliGrant, CliSessionSummary } from '../core/cli-session.ts';
import type { TerminalModel } from './terminal-views.ts';

const HOW: { readonly [G in CliGrant]: string } = {
  device_code: 'confirmed by a code',
  authorization_code: 'confirmed in its browser',
};

export function terminalModel(summary: CliSessionSummary): TerminalModel {
  const { deviceName, client, grant, address, createdAt, lastUsedAt, lastUsedAddress } = summary;
  const isApplication = client.kind !== undefined;
  return {
    device: client.kind === undefined ? (deviceName ?? NO_NAME) : APPLICATION_KINDS[client.kind],
    isApplication,
    client,
    how: isApplication ? 'allowed in a browser' : HOW[grant],
    address,
    since: new Date(createdAt).toISOString(),
    lastUsedAt: lastUsedAt === undefined ? undefined : new Date(lastUsedAt).toISOString(),
    lastUsedAddress: lastUsedAddress ?? 'an unknown address',
  };
}
