/** What the section on the base URL looks with: connections, DNS, and the keys of this bridge. */
import { lookup } from 'node:dns/promises';
import { networkInterfaces } from 'node:os';
import type { Configuration } from '../config/configuration.ts';
import { partitionTable } from '../core/partitions.ts';
import type { Clock } from '../core/ports.ts';
import { createDirectRequests, type DirectOptions } from '../direct-request.ts';
import { createDoctorProofs } from '../issuer/doctor-proofs.ts';
import { createIssuer } from '../issuer/issuer.ts';
import { openSealingSecret } from '../issuer/sealing-secret.ts';
import { openSigningKeys } from '../issuer/signing-keys.ts';
import {
  type AddressPorts,
  addressSection,
  type OwnDocuments,
} from '../operate/doctor/address-section.ts';
import type { Section } from '../operate/doctor/section.ts';

const DNS_MILLISECONDS = 5_000;

export function openAddressSection(
  configuration: Configuration,
  clock: Clock,
  options: DirectOptions = {},
): Section {
  const ports: AddressPorts = {
    ...createDirectRequests(options),
    resolve: resolveWithin(DNS_MILLISECONDS),
    ownAddresses: () =>
      Object.values(networkInterfaces()).flatMap(
        known => known?.map(({ address }) => address) ?? [],
      ),
    ownDocuments: () => ownDocumentsOf(configuration, clock),
  };
  return addressSection(ports);
}

/** The resolver of the system has limits of its own, which can be a minute. */
function resolveWithin(milliseconds: number): AddressPorts['resolve'] {
  return async host => {
    const { promise, reject } = Promise.withResolvers<never>();
    const fault = Object.assign(new Error('no answer'), { code: 'ETIMEDOUT' });
    const timer = setTimeout(() => reject(fault), milliseconds);
    try {
      const found = await Promise.race([lookup(host, { all: true }), promise]);
      return found.map(({ address }) => address);
    } finally {
      clearTimeout(timer);
    }
  };
}

async function ownDocumentsOf({ issuer, aws }: Configuration, clock: Clock): Promise<OwnDocuments> {
  const { directory } = issuer.keys;
  const keys = await openSigningKeys({ directory, create: false, clock });
  const secret = await openSealingSecret({ directory, create: false });
  const documents = createIssuer({
    baseUrl: issuer.webIdentity.issuer,
    samlEntityId: issuer.saml.entityId,
    audience: issuer.webIdentity.audience,
    ...{ keys, clock, partitions: partitionTable(aws) },
  });
  return {
    samlMetadata: documents.samlMetadata(),
    issuer: issuer.webIdentity.issuer,
    kids: keys.webIdentity.published.map(({ kid }) => kid),
    proofs: createDoctorProofs(secret),
  };
}
