/**
 * How the provider treats requests. It is correct by default; tests change the fields while it
 * runs, and the next request meets the change. What it sends stays real messages of the protocol.
 */

export interface Refusal {
  readonly error: string;
  readonly description: string;
}

/** Requests for a stronger or a newer authentication. */
export interface StepUpManners {
  /**
   * `acr_values` and `claims` (`acr`, `acrs`): `ignored` does not read them, `weaker` signs in and
   * states a password alone whatever was proved, `refused` answers with the refusal.
   */
  acr: 'honoured' | 'ignored' | 'weaker' | 'refused';
  /** `zero-refused` refuses `max_age=0` alone, as Glewlwyd does, `refused` refuses every value. */
  maxAge: 'honoured' | 'ignored' | 'zero-refused' | 'refused';
  /** `ignored` reads no `prompt` at all, `refused` refuses `prompt=login`. */
  prompt: 'honoured' | 'ignored' | 'refused';
  /** `auth_time` of id_tokens: `zero` states 0, `absent` leaves it out. */
  authTime: 'stated' | 'zero' | 'absent';
  /** The error of every refusal, instead of the default one of each. */
  refusal: Refusal | undefined;
}

/** The refresh_token grant. */
export interface RefreshManners {
  /** Whether a sign-in gets a refresh token; `offline_access` is not needed. */
  issued: boolean;
  /**
   * `strict` issues a new one each time and revokes the grant when an old one is used again;
   * `lenient` issues a new one and takes old ones too (Entra ID); `none` keeps the first one.
   */
  rotation: 'strict' | 'lenient' | 'none';
  /** Whether the answer to a refresh contains an id_token. */
  idToken: boolean;
  /** States this `sub` in refreshed id_tokens and at userinfo instead of the user's own. */
  subject: string | undefined;
}

/** Faults of the servers, not of the protocol. */
export interface Faults {
  /** `down` closes every connection without an answer, `busy` answers 503. */
  outage: 'none' | 'down' | 'busy';
  /** Answers of the token endpoint to lose: each request is carried out, then not answered. */
  lostTokenAnswers: number;
}

export interface Manners {
  readonly stepUp: StepUpManners;
  readonly refresh: RefreshManners;
  readonly faults: Faults;
}

export function goodManners(): Manners {
  return {
    stepUp: {
      acr: 'honoured',
      maxAge: 'honoured',
      prompt: 'honoured',
      authTime: 'stated',
      refusal: undefined,
    },
    refresh: { issued: true, rotation: 'strict', idToken: true, subject: undefined },
    faults: { outage: 'none', lostTokenAnswers: 0 },
  };
}
