/** Who is signed in, as `GET /api/v1/whoami` says. */
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
  readonly authentication: { readonly at: string | null; readonly methods: readonly string[]; readonly multi_factor: boolean };
  readonly session: CliSessionEntry;
  readonly sessions: readonly CliSessionEntry[];
}
