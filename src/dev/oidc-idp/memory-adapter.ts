/**
 * The provider's memory (oidc-provider's Adapter): what it issued, until it expires or the process
 * ends.
 */
import { type Adapter, type AdapterPayload, errors } from 'oidc-provider';

interface Kept {
  readonly payload: AdapterPayload;
  readonly expiresAt: number;
}

/** The oldest go first when there are more. */
const MAX_KEPT = 5000;

/** One memory for all models of one provider. */
export interface MemoryAdapter {
  forModel(model: string): Adapter;
  /** What is kept of this model and has not expired. */
  all(model: string): readonly AdapterPayload[];
  /** Forgets a grant and everything that was issued for it. */
  revoke(grantId: string): void;
}

export interface MemoryOptions {
  /** Whether something of this model can be used again after it was consumed. */
  readonly isReusable: (model: string) => boolean;
}

export function createMemoryAdapter({ isReusable }: MemoryOptions): MemoryAdapter {
  const kept = new Map<string, Kept>();

  const find = (
    matches: (payload: AdapterPayload, key: string) => boolean,
  ): AdapterPayload | undefined => {
    for (const [key, { payload, expiresAt }] of kept) {
      if (expiresAt <= Date.now()) kept.delete(key);
      else if (matches(payload, key)) return payload;
    }
    return undefined;
  };

  const revoke = (grantId: string): void => {
    // A sign-in in progress names the grant of an earlier one, and outlives it.
    for (const [key, { payload }] of kept)
      if (payload.grantId === grantId && !key.startsWith('Interaction ')) kept.delete(key);
    kept.delete(`Grant ${grantId}`);
  };

  const forModel = (model: string): Adapter => {
    const keyOf = (id: string): string => `${model} ${id}`;
    const ofModel = (key: string): boolean => key.startsWith(`${model} `);
    return {
      async upsert(id, payload, expiresIn) {
        if (kept.size >= MAX_KEPT) kept.delete(kept.keys().next().value!);
        kept.set(keyOf(id), {
          payload,
          expiresAt: expiresIn ? Date.now() + expiresIn * 1000 : Number.POSITIVE_INFINITY,
        });
      },
      find: async id => {
        const entry = kept.get(keyOf(id));
        return entry !== undefined && entry.expiresAt > Date.now() ? entry.payload : undefined;
      },
      findByUid: async uid => find((payload, key) => ofModel(key) && payload.uid === uid),
      findByUserCode: async userCode =>
        find((payload, key) => ofModel(key) && payload.userCode === userCode),
      async consume(id) {
        const payload = kept.get(keyOf(id))?.payload;
        if (payload === undefined || isReusable(model)) return;
        // The library looks before it consumes; two requests at once come here.
        if (payload.consumed !== undefined) {
          revoke(payload.grantId ?? '');
          throw new errors.InvalidGrant('already used');
        }
        payload.consumed = Math.floor(Date.now() / 1000);
      },
      async destroy(id) {
        kept.delete(keyOf(id));
      },
      async revokeByGrantId(grantId) {
        revoke(grantId);
      },
    };
  };

  return {
    forModel,
    all: model =>
      [...kept]
        .filter(([key, { expiresAt }]) => key.startsWith(`${model} `) && expiresAt > Date.now())
        .map(([, { payload }]) => payload),
    revoke,
  };
}
