/**
 * The function that the engine calls with each input, in the process of one target. A broken
 * promise is kept as a finding, and the run goes on.
 */
import { FindingsDirectory } from '../findings.ts';
import { type FuzzTarget, textOf } from '../target.ts';

const { ROLEBRIDGE_FUZZ_TARGET, ROLEBRIDGE_FUZZ_FINDINGS } = process.env;
const { target } = (await import(ROLEBRIDGE_FUZZ_TARGET!)) as { readonly target: FuzzTarget };
const findings = new FindingsDirectory(ROLEBRIDGE_FUZZ_FINDINGS!);

export async function fuzz(bytes: Buffer): Promise<void> {
  const input = Buffer.from(bytes);
  const isSlow = async (): Promise<boolean> => (await checked(input)) > target.mostMilliseconds;
  // Twice: the first time can contain a collection of garbage, or a compilation.
  if ((await isSlow()) && (await isSlow()))
    findings.keep(input, new Error(`takes longer than ${target.mostMilliseconds} ms`));
}

/** Milliseconds of this thread alone: a busy machine makes no input slow. */
async function checked(input: Buffer): Promise<number> {
  const begun = process.threadCpuUsage();
  try {
    await target.check(textOf(target, input));
  } catch (thrown) {
    findings.keep(input, thrown);
  }
  const { user, system } = process.threadCpuUsage(begun);
  return (user + system) / 1000;
}
