/** The answer of `GET /api/v1/whoami`. */
import { arrayOf, isFlag, isInstant, isText, objectOf, orNull, usable } from './answers.ts';

export interface CliSessionEntry {
  readonly id: string;
  readonly current: boolean;
  readonly client: { readonly id: string; readonly name: string };
  readonly device_name: string | null;
  readonly grant: 'device_code' | 'authorization_code';
  readonly address: string;
  readonly created_at: string;
  readonly last_used_at: string | null;
  readonly last_used_address: string | null;
  readonly expires_at: string;
}

export interface WhoAmI {
  readonly person: {
    readonly id: string;
    readonly username: string;
    readonly display_name: string | null;
    readonly email: string | null;
    readonly connector: string;
    readonly connector_label: string;
  };
  readonly authentication: {
    readonly at: string | null;
    readonly methods: readonly string[];
    readonly multi_factor: boolean;
  };
  readonly session: CliSessionEntry;
  readonly sessions: readonly CliSessionEntry[];
}

const isSession = objectOf({
  current: isFlag,
  client: objectOf({ name: isText }),
  device_name: orNull(isText),
  address: isText,
  last_used_at: orNull(isInstant),
  last_used_address: orNull(isText),
  expires_at: isInstant,
});
const isWhoAmI = objectOf({
  person: objectOf({
    id: isText,
    username: isText,
    display_name: orNull(isText),
    email: orNull(isText),
    connector_label: isText,
  }),
  authentication: objectOf({ at: orNull(isInstant), multi_factor: isFlag }),
  session: objectOf({ expires_at: isInstant }),
  sessions: arrayOf(isSession),
});

/** Throws `failed` for an answer that cannot be used. */
export function readWhoAmI(answer: unknown): WhoAmI {
  return usable(answer, isWhoAmI, 'a user') as WhoAmI;
}
