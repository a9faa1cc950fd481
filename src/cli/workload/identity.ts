/**
 * The proof of who a job, a pod or an instance is, as its platform gives it.
 */
import { CliError } from '../terminal/exit.ts';

export type Environment = Readonly<Record<string, string | undefined>>;

/** What the choice of a platform depends on. */
export interface Surroundings {
  readonly env: Environment;
  /** What proofs are requested and signed for. */
  readonly audience: string;
  /** By `--audience`: then a token that is there already must be for it, too. */
  readonly isAudienceGiven: boolean;
  /** PEM file of additional certificate authorities, for requests to a platform. */
  readonly caFile: string | undefined;
}

export interface WorkloadIdentity {
  /**
   * Known to this job, pod or instance alone; undefined where the platform gives no such thing.
   * Cached credentials are sealed with it, so that the next job on a computer cannot use them.
   */
  readonly secret: string | undefined;
  /** A token or a signed request, for the bridge. Throws `local`, `unreachable`. */
  proof(): Promise<string>;
}

/** The error for a platform that gives no proof. `lines` say what to change. */
export function noProof(message: string, lines: readonly string[], cause?: unknown): CliError {
  return new CliError('local', message, { lines, cause });
}

/** The YAML that gives a pod a token of its own. */
export function projectedVolume(audience: string): readonly string[] {
  return [
    'Add a projected token to the pod:',
    '  volumes:',
    '    - name: rolebridge',
    '      projected:',
    '        sources:',
    `          - serviceAccountToken: { path: token, audience: "${audience}", expirationSeconds: 3600 }`,
    'and to its container:',
    '  volumeMounts: [{ name: rolebridge, mountPath: /var/run/secrets/rolebridge, readOnly: true }]',
  ];
}
