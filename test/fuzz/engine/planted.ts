/**
 * A parser with a planted fault, for the test of the engine: four letters in a row, each compared
 * by a sum, so that neither a dictionary nor a comparison gives them away. Chance alone needs 2^32
 * inputs; with the guidance of coverage, each letter is found by itself.
 */
import { type FuzzTarget, promise } from '../target.ts';

const SUMS = [0x62 * 3, 0x75 * 5, 0x67 * 7, 0x21 * 9];

function lettersFound(input: string): number {
  const [a, b, c, d] = SUMS.map((sum, index) => input.charCodeAt(index) * (3 + 2 * index) === sum);
  if (!a) return 0;
  if (!b) return 1;
  if (!c) return 2;
  if (!d) return 3;
  return 4;
}

export const target: FuzzTarget = {
  name: 'planted',
  encoding: 'latin1',
  mostBytes: 16,
  mostMilliseconds: 1000,
  words: [],
  guidedBy: ['/test/fuzz/engine/planted'],
  covers: [],
  check: input => promise(lettersFound(input) < 4, 'the planted fault stays hidden'),
};
