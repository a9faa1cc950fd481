// Signs a user in at the bridge (PKCE), and calls it with tokens that are bound to a key (DPoP).

/** `bridge` is the address of the bridge, `clientId` and `redirectUri` those of its configuration. */
export function createBridge({ bridge, clientId, redirectUri }) {
  /** Leaves the page for the bridge. The key never leaves the browser: not even scripts can read it. */
  async function signIn() {
    const key = await crypto.subtle.generateKey(ECDSA, false, ['sign']);
    const [verifier, state] = [random(), random()];
    await keep('session', { key });
    sessionStorage.setItem('sign-in', JSON.stringify({ verifier, state }));
    const { crv, kty, x, y } = await publicJwk(key);
    location.assign(
      `${bridge}/oauth/authorize?${new URLSearchParams({
        response_type: 'code',
        client_id: clientId,
        redirect_uri: redirectUri,
        state,
        code_challenge: await sha256(verifier),
        code_challenge_method: 'S256',
        dpop_jkt: await sha256(JSON.stringify({ crv, kty, x, y })),
      })}`,
    );
  }

  /** Finishes a sign-in, if the bridge has just sent the browser back. */
  async function completeSignIn() {
    const answer = Object.fromEntries(new URLSearchParams(location.search));
    const began = JSON.parse(sessionStorage.getItem('sign-in'));
    if (answer.state === undefined || began === null) return;
    sessionStorage.removeItem('sign-in');
    history.replaceState(null, '', location.pathname);
    if (answer.state !== began.state || answer.iss !== bridge)
      throw new Error('This sign-in was not started here.');
    if (answer.error !== undefined) throw new Error(answer.error_description ?? answer.error);
    await tokenRequest({
      grant_type: 'authorization_code',
      code: answer.code,
      code_verifier: began.verifier,
      redirect_uri: redirectUri,
    });
  }

  /** Gets tokens, and keeps them beside their key. */
  async function tokenRequest(fields) {
    const url = `${bridge}/oauth/token`;
    const { key } = await kept('session');
    const response = await fetch(url, {
      method: 'POST',
      headers: { DPoP: await proof(key, { htm: 'POST', htu: url, nonce: await freshNonce() }) },
      body: new URLSearchParams({ client_id: clientId, ...fields }),
    });
    const answer = await response.json();
    if (answer.error === 'invalid_grant') await keep('session', undefined);
    if (!response.ok) throw new Error(answer.error_description);
    const { access_token: accessToken, refresh_token: refreshToken } = answer;
    await keep('session', { key, accessToken, refreshToken });
  }

  /** Proofs for the token endpoint contain one, so that none can be made in advance. */
  async function freshNonce() {
    const metadata = `${bridge}/.well-known/oauth-authorization-server`;
    return (await fetch(metadata, { cache: 'no-store' })).headers.get('DPoP-Nonce');
  }

  /** An operation of the API, as its JSON; `body` makes it a POST. */
  async function call(path, body, isRetry = false) {
    const session = await kept('session');
    const [method, htu] = [body === undefined ? 'GET' : 'POST', `${bridge}/api/v1${path}`];
    const ath = await sha256(session.accessToken);
    const response = await fetch(htu, {
      method,
      headers: {
        Authorization: `DPoP ${session.accessToken}`,
        DPoP: await proof(session.key, { htm: method, htu: htu.split('?')[0], ath }),
        ...(body !== undefined && { 'Content-Type': 'application/json' }),
      },
      body: JSON.stringify(body),
    });
    const answer = await response.json();
    if (response.ok) return answer;
    if (answer.code !== 'token_invalid' || isRetry)
      throw new Error(`${answer.title}. ${answer.step_up_url ?? answer.detail}`);
    await renew(session.accessToken);
    return call(path, body, true);
  }

  /** One tab renews; the others find what it got. */
  function renew(expired) {
    return navigator.locks.request('renew', async () => {
      const { accessToken, refreshToken } = await kept('session');
      if (accessToken === expired)
        await tokenRequest({ grant_type: 'refresh_token', refresh_token: refreshToken });
    });
  }

  /** Credentials of a role, as the AWS SDK takes them. */
  async function credentialsFor(role) {
    const issued = await call('/credentials', role);
    return {
      accessKeyId: issued.access_key_id,
      secretAccessKey: issued.secret_access_key,
      sessionToken: issued.session_token,
      expiration: new Date(issued.expires_at),
    };
  }

  async function isSignedIn() {
    return (await kept('session'))?.accessToken !== undefined;
  }

  async function signOut() {
    const { refreshToken } = await kept('session');
    await keep('session', undefined);
    const body = new URLSearchParams({ client_id: clientId, token: refreshToken });
    await fetch(`${bridge}/oauth/revoke`, { method: 'POST', body });
    location.reload();
  }

  return { signIn, completeSignIn, isSignedIn, call, credentialsFor, signOut };
}

// ---------------------------------------------------------------- proofs

const ECDSA = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
const bytesOf = text => new TextEncoder().encode(text);
const base64url = bytes =>
  btoa(String.fromCharCode(...new Uint8Array(bytes)))
    .replaceAll('+', '-')
    .replaceAll('/', '_')
    .replaceAll('=', '');
const random = () => base64url(crypto.getRandomValues(new Uint8Array(32)));
const sha256 = async text => base64url(await crypto.subtle.digest('SHA-256', bytesOf(text)));

async function publicJwk({ publicKey }) {
  const { kty, crv, x, y } = await crypto.subtle.exportKey('jwk', publicKey);
  return { kty, crv, x, y };
}

/** A DPoP proof (RFC 9449). */
async function proof(key, claims) {
  const header = { typ: 'dpop+jwt', alg: 'ES256', jwk: await publicJwk(key) };
  const iat = Math.floor(Date.now() / 1000);
  const parts = [header, { jti: crypto.randomUUID(), iat, ...claims }];
  const input = parts.map(part => base64url(bytesOf(JSON.stringify(part)))).join('.');
  const signature = await crypto.subtle.sign(ECDSA, key.privateKey, bytesOf(input));
  return `${input}.${base64url(signature)}`;
}

// ---------------------------------------------------------------- storage

/** IndexedDB keeps keys that no script can export. */
function stored(mode, use) {
  return new Promise((resolve, reject) => {
    const opening = indexedDB.open('bridge', 1);
    opening.onupgradeneeded = () => opening.result.createObjectStore('kept');
    opening.onerror = () => reject(opening.error);
    opening.onsuccess = () => {
      const request = use(opening.result.transaction('kept', mode).objectStore('kept'));
      request.onsuccess = () => resolve(request.result);
      request.onerror = () => reject(request.error);
      request.transaction.oncomplete = () => opening.result.close();
    };
  });
}

const kept = name => stored('readonly', store => store.get(name));
const keep = (name, value) =>
  stored('readwrite', store => (value === undefined ? store.delete(name) : store.put(value, name)));
