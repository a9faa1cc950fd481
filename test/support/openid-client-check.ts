/** How the forged OpenID provider checks its client: strictly, by the registered method alone. */

export interface ExpectedClient {
  readonly clientId: string;
  readonly clientSecret: string;
  readonly clientAuthentication: 'client_secret_basic' | 'client_secret_post';
  /** RFC 6749 2.3.1 encodes the parts of a Basic header; some providers take them as they come. */
  readonly basicParts: 'form-encoded' | 'as-they-come';
}

/** The error of the token endpoint; undefined if it is the expected client. */
export function clientProblem(
  expected: ExpectedClient,
  authorization: string | undefined,
  form: URLSearchParams,
): 'invalid_client' | undefined {
  const basic = /^Basic (.+)$/.exec(authorization ?? '')?.[1];
  const text = Buffer.from(basic ?? '', 'base64').toString();
  const parts = expected.basicParts === 'form-encoded' ? decoded(text) : cut(text);
  const given =
    expected.clientAuthentication === 'client_secret_basic'
      ? [...parts, form.has('client_secret')]
      : [form.get('client_id'), form.get('client_secret'), basic !== undefined];
  const [id, secret, both] = given;
  return id === expected.clientId && secret === expected.clientSecret && both === false
    ? undefined
    : 'invalid_client';
}

/** RFC 7617: the user name ends at the first colon. */
function cut(text: string): readonly string[] {
  const at = text.indexOf(':');
  return [text.slice(0, at), text.slice(at + 1)];
}

function decoded(text: string): readonly string[] {
  const parts = text.split(':');
  if (parts.length !== 2) return ['', ''];
  return parts.map(part => decodeURIComponent(part.replaceAll('+', ' ')));
}
