/**
 * What `rolebridge-server doctor` asks a running bridge: what arrived of its request, and whether
 * the proxy lets a long Location through. For everyone else the path is unknown.
 */
import { DOCTOR_PATH, longLocation } from '../core/arrival.ts';
import { type Answer, json, redirect } from '../http/answer.ts';
import { api } from '../http/route.ts';

export const doctorArrival = api({
  method: 'all',
  path: DOCTOR_PATH,
  who: 'doctor',
  limit: 'doctor',
  face: 'page',
  handle: (
    _input,
    { arrival, locationBytes },
    { baseUrl }: { readonly baseUrl: string },
  ): Answer | undefined => {
    // Passed on, so that it is refused as every unknown path.
    if (arrival === undefined) return undefined;
    if (locationBytes === undefined) return json(arrival);
    return redirect(longLocation(baseUrl, arrival.nonce, locationBytes));
  },
});
