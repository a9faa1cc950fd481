/** What a user is told of a clock that differs from that of a server. */

/** Beyond this, credentials and signatures begin to fail in AWS. */
export const CLOCK_TOLERANCE_MILLISECONDS = 60_000;

/** `7 minutes behind` */
export function describeSkew(offsetMilliseconds: number): string {
  const seconds = Math.round(Math.abs(offsetMilliseconds) / 1000);
  const amount =
    seconds < 120
      ? `${seconds} seconds`
      : seconds < 7200
        ? `${Math.round(seconds / 60)} minutes`
        : `${Math.round(seconds / 3600)} hours`;
  return `${amount} ${offsetMilliseconds > 0 ? 'behind' : 'ahead of'}`;
}

/** `whose`: the server whose clock was compared. */
export function skewWarning(offsetMilliseconds: number, whose: string): string {
  return `clock skew: the clock of this computer is ${describeSkew(offsetMilliseconds)} that of ${whose}. AWS rejects requests with a clock skew. Set the clock (in WSL after a sleep: sudo hwclock -s).`;
}
