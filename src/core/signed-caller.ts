/**
 * The wire form of a GetCallerIdentity that a role of AWS signs for the bridge: what its client
 * makes, and what connectors/workloads accepts.
 */

/** How it begins; JSON in base64url follows: `{ url, headers, body }`. */
export const SIGNED_REQUEST_PREFIX = 'rolebridge-iam-v1.';
/** The only body, as the SDKs write it. */
export const CALLER_IDENTITY = 'Action=GetCallerIdentity&Version=2011-06-15';
/** The signed header with the audience, so that another server cannot use the request here. */
export const AUDIENCE_HEADER = 'x-rolebridge-audience';
