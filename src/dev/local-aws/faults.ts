/**
 * What can go wrong at AWS, on demand: a client that was never throttled is not tested.
 *
 * A fault holds for the next n calls, or `always`. Each surface (the query APIs of STS and IAM, and
 * the sign-in federation endpoint) has its own.
 */
import { z } from 'zod';

const times = z.union([z.number().int().min(1), z.literal('always')]);

/** What a fault does to an answer, whichever surface gives it. */
const TRANSPORT = {
  /** Throttling (STS: 400 Throttling; federation: 429). */
  throttling: times.optional(),
  /** 500 InternalFailure. */
  serverError: times.optional(),
  /** The answer is held back until `release()`. */
  hold: times.optional(),
  /** No answer, ever. */
  hang: times.optional(),
  /** 8 MiB of well-formed nonsense. */
  oversized: times.optional(),
  /** 200 with a page of HTML in place of what was asked for. */
  notXml: times.optional(),
} as const;

const stsPlan = z.strictObject({
  ...TRANSPORT,
  packedSize: times.optional(),
  regionDisabled: times.optional(),
  idpCommunication: times.optional(),
});

const federationPlan = z.strictObject({
  ...TRANSPORT,
  /** 400 when SessionDuration is given, as AWS answers for some kinds of credentials. */
  refuseDuration: times.optional(),
});

const iamPlan = z.strictObject({
  ...TRANSPORT,
  /** AccessDenied for single actions, whatever the policies say: `{ ListRoles: 'always' }`. */
  deny: z.record(z.string().regex(/^[A-Za-z]{1,64}$/), times).optional(),
});

export const faultPlan = z.strictObject({
  sts: stsPlan.optional(),
  iam: iamPlan.optional(),
  federation: federationPlan.optional(),
});

export type FaultPlan = z.input<typeof faultPlan>;
export type Surface = keyof FaultPlan;
export type StsFault = keyof z.input<typeof stsPlan>;
export type FederationFault = keyof z.input<typeof federationPlan>;
export type IamFault = Exclude<keyof z.input<typeof iamPlan>, 'deny'> | `deny.${string}`;
export type TransportFault = keyof typeof TRANSPORT;
export const TRANSPORT_FAULTS = Object.keys(TRANSPORT) as readonly TransportFault[];

export interface Faults {
  /** Adds to what is armed: `arm({ sts: { throttling: 2 } })`. */
  arm(plan: FaultPlan): void;
  /** Disarms everything and releases what is held. */
  clear(): void;
  /** Lets the held answers go. */
  release(): void;
  /** How many answers are held now. */
  readonly held: number;
}

export interface ArmedFaults extends Faults {
  /** True when the fault is armed; counts it down. */
  strikes(surface: Surface, fault: StsFault | FederationFault | IamFault): boolean;
  /** Resolves at the next `release()`. */
  untilReleased(): Promise<void>;
}

export function createFaults(initial: FaultPlan = {}): ArmedFaults {
  const armed = new Map<string, number>();
  let waiting: (() => void)[] = [];

  const arm = (plan: FaultPlan): void => {
    for (const [surface, faults] of Object.entries(faultPlan.parse(plan))) {
      for (const [fault, count] of Object.entries(flat(faults ?? {})))
        armed.set(`${surface}.${fault}`, count === 'always' ? Number.POSITIVE_INFINITY : count);
    }
  };
  const release = (): void => {
    const released = waiting;
    waiting = [];
    for (const go of released) go();
  };
  arm(initial);

  return {
    arm,
    release,
    clear: () => {
      armed.clear();
      release();
    },
    get held() {
      return waiting.length;
    },
    strikes: (surface, fault) => {
      const left = armed.get(`${surface}.${fault}`) ?? 0;
      if (left > 0) armed.set(`${surface}.${fault}`, left - 1);
      return left > 0;
    },
    untilReleased: () => new Promise(resolve => waiting.push(resolve)),
  };
}

type Count = z.output<typeof times>;

/** `{ deny: { ListRoles: 1 } }` becomes `{ 'deny.ListRoles': 1 }`. */
function flat(
  faults: Readonly<Record<string, Count | Readonly<Record<string, Count>> | undefined>>,
): Record<string, Count> {
  return Object.fromEntries(
    Object.entries(faults).flatMap(([name, value]): [string, Count][] => {
      if (value === undefined) return [];
      if (typeof value !== 'object') return [[name, value]];
      return Object.entries(value).map(([inner, count]) => [`${name}.${inner}`, count]);
    }),
  );
}
