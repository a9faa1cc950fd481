/**
 * A parser with a planted fault, for the test of the engine: six steps in a row, each of which one
 * byte in 16 passes, by a remainder that neither a dictionary nor a comparison gives away. Chance
 * alone needs 2^24 inputs; with the guidance of coverage, each step is found by itself.
 */
import { type FuzzTarget, promise } from '../target.ts';

export function stepsPassed(input: string): number {
  const is = (index: number, rest: number): boolean =>
    (input.charCodeAt(index) * 7 + 3) % 16 === rest;
  if (!is(0, 9)) return 0;
  if (!is(1, 2)) return 1;
  if (!is(2, 13)) return 2;
  if (!is(3, 6)) return 3;
  if (!is(4, 15)) return 4;
  if (!is(5, 4)) return 5;
  return 6;
}

export const target: FuzzTarget = {
  name: 'planted',
  encoding: 'latin1',
  mostBytes: 8,
  mostMilliseconds: 1000,
  guidedBy: ['/test/fuzz/engine/planted'],
  covers: [],
  check: input => promise(stepsPassed(input) < 6, 'the planted fault stays hidden'),
};
