/** A terminal as pages show it. */
import type { CliGrant, CliSessionSummary } from '../core/cli-session.ts';
import type { TerminalModel } from './terminal-views.ts';

const HOW: { readonly [G in CliGrant]: string } = {
  device_code: 'confirmed by a code',
  authorization_code: 'confirmed in its browser',
};

export function terminalModel(summary: CliSessionSummary): TerminalModel {
  const { deviceName, client, grant, address, createdAt, lastUsedAt, lastUsedAddress } = summary;
  return {
    device: deviceName ?? 'an unnamed computer',
    client,
    how: HOW[grant],
    address,
    since: new Date(createdAt).toISOString(),
    lastUsedAt: lastUsedAt === undefined ? undefined : new Date(lastUsedAt).toISOString(),
    lastUsedAddress: lastUsedAddress ?? 'an unknown address',
  };
}
