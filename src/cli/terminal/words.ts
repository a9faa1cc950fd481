/**
 * The words of a command line, with quotes and backslashes as a POSIX shell reads them; on Windows
 * a backslash is one. Nothing is expanded. Undefined where a quote does not end.
 */
export function wordsIn(text: string, platform = process.platform): string[] | undefined {
  const words: string[] = [];
  let word: string | undefined;
  let quote: string | undefined;
  for (let index = 0; index < text.length; index++) {
    const sign = text[index]!;
    const next = text[index + 1];
    if (platform !== 'win32' && sign === '\\' && next !== undefined && isEscaped(next, quote)) {
      word = (word ?? '') + next;
      index++;
    } else if (quote === undefined && /["']/.test(sign)) [quote, word] = [sign, word ?? ''];
    else if (sign === quote) quote = undefined;
    else if (quote === undefined && /\s/.test(sign)) {
      if (word !== undefined) words.push(word);
      word = undefined;
    } else word = (word ?? '') + sign;
  }
  if (word !== undefined) words.push(word);
  return quote === undefined ? words : undefined;
}

function isEscaped(sign: string, quote: string | undefined): boolean {
  return quote === undefined || (quote === '"' && /["\\$`]/.test(sign));
}
