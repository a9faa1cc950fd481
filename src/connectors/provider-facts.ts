/** Looks at identity providers, for `init` and `doctor`; sign-ins do not use it. */
import type { ProviderInspector } from '../core/provider-facts.ts';
import { OutboundFault } from '../outbound.ts';
import { inspectOidc } from './provider-facts-oidc.ts';
import { inspectSaml } from './provider-facts-saml.ts';
import { type InspectorParts, providerFault } from './provider-reading.ts';

export function createProviderInspector(parts: InspectorParts): ProviderInspector {
  return {
    saml: metadata => inspectSaml(metadata, parts),
    oidc: provider => inspectOidc(provider, parts),
    reach: async url => {
      await parts.outbound.fetch(url, { method: 'GET' }).catch((thrown: unknown) => {
        if (!hasAnswered(thrown)) throw providerFault(thrown, { url });
      });
    },
  };
}

function hasAnswered(thrown: unknown): boolean {
  return (
    thrown instanceof OutboundFault && (thrown.kind === 'redirect' || thrown.kind === 'too-large')
  );
}
