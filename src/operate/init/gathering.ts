/**
 * Gathers the answers: from options, from the terminal, and defaults for the rest; looks at the
 * provider as soon as it is known where it is.
 */
import { wrapped } from '../../core/aligned.ts';
import { printableLine } from '../../core/printable.ts';
import { ProviderFault } from '../../core/provider-facts.ts';
import { type Options, UsageError } from '../command.ts';
import type { AnyProviderFacts } from '../providers/judgement.ts';
import type { Answers } from './answers.ts';
import { problemOf } from './asking.ts';
import { described, type Looked, lookAt } from './looking.ts';
import { Invalid } from './parsing.ts';
import type { Ports } from './ports.ts';
import { type Known, QUESTIONS, type Question } from './questions.ts';

export interface Gathered {
  readonly answers: Answers;
  /** Undefined if the provider was not looked at. */
  readonly facts?: AnyProviderFacts | undefined;
}

/**
 * Throws `UsageError` for options that are wrong or missing, `Cancelled`, and an Error for a
 * provider that cannot be used.
 */
export async function gathered(options: Options, ports: Ports): Promise<Gathered> {
  const known = answersIn(options);
  if (ports.isInteractive && options.yes !== true)
    return asked(known, options, lookingWith(ports, options));
  const answers = completed(known, options);
  if (options.offline) return { answers };
  const { why, ...looked } = await tried(answers, ports);
  if (why !== undefined)
    throw new Error(`${why}\nWith --offline, init writes the configuration without looking.`);
  return { answers: { ...answers, ...looked.known }, facts: looked.facts };
}

/** What options say. Throws `UsageError` with every problem at once. */
function answersIn(options: Options): Known {
  let known: Known = {};
  const problems: string[] = [];
  for (const question of QUESTIONS) {
    const texts = question.given(options);
    if (texts.length === 0) {
      known = withTexts(question, known, question.implied?.(known, options));
      continue;
    }
    if (!appliesTo(question, known)) problems.push(`${optionOf(question)} does not apply here.`);
    else
      try {
        known = { ...known, [question.key]: question.parse(texts, known) };
      } catch (thrown) {
        if (!(thrown instanceof Invalid)) throw thrown;
        problems.push(`${optionOf(question)} ${thrown.message}`);
      }
  }
  if (problems.length > 0) throw new UsageError(problems.join('\n'));
  return known;
}

/** The name of the option alone. */
function optionOf({ option }: Question): string {
  return option.split(' ')[0]!;
}

function appliesTo({ applies = () => true }: Question, known: Known): boolean {
  return applies(known);
}

function withTexts(question: Question, known: Known, texts: readonly string[] | undefined): Known {
  return texts === undefined ? known : { ...known, [question.key]: question.parse(texts, known) };
}

/** Throws `UsageError` that lists every option that is missing. */
function completed(known: Known, options: Options): Answers {
  let all = known;
  const missing: Question[] = [];
  for (const question of unanswered(known)) {
    if (!appliesTo(question, all)) continue;
    const texts = question.initial?.(all, options);
    if (texts === undefined) missing.push(question);
    else all = { ...all, [question.key]: question.parse(texts, all) };
  }
  if (missing.length > 0) throw new UsageError(missingText(missing));
  return { ...ABSENT, ...all } as Answers;
}

const ABSENT = { accounts: [] } as const;

function missingText(missing: readonly Question[]): string {
  const options = missing.map(({ option }) => `  ${option}`);
  return `init needs more answers. Give these options, or run it at a terminal:\n${options.join('\n')}`;
}

function unanswered(known: Known): readonly Question[] {
  return QUESTIONS.filter(({ key }) => known[key] === undefined);
}

/** Asks at the terminal for what is not known. Throws `Cancelled`. */
async function asked(given: Known, options: Options, look: Look): Promise<Gathered> {
  let [known, facts]: [Known, AnyProviderFacts | undefined] = [given, undefined];
  for (const question of QUESTIONS) {
    if (!appliesTo(question, known)) continue;
    if (known[question.key] === undefined) known = await answered(question, known, options);
    if (options.offline || !LOCATES.includes(question.key)) continue;
    const looked = await look(question, known);
    [known, facts] = [looked.known, looked.facts];
  }
  return { answers: completed(known, options), facts };
}

/** The questions that say where the provider is. */
const LOCATES: readonly string[] = ['metadata', 'issuer'];

type Look = (question: Question, known: Known) => Promise<Partial<Looked> & Pick<Looked, 'known'>>;

/** Looks, and lets the user correct the address, try again, or go on. */
function lookingWith(ports: Ports, options: Options): Look {
  return async (question, given) => {
    let known = given;
    for (;;) {
      const { why, ...looked } = await tried(known, ports);
      if (why === undefined) return { ...looked, known: looked.known ?? known };
      ports.stderr.write(`${why}\n`);
      const { askChoice } = await import('./prompts.ts');
      const choice = await askChoice('What next?', AFTER_A_FAULT);
      if (choice === 'continue') return { known };
      if (choice === 'change') {
        const texts = await textsFor(question, { ...known, [question.key]: undefined }, options);
        known = { ...known, [question.key]: question.parse(texts, known) };
      }
    }
  };
}

const AFTER_A_FAULT = [
  { value: 'again', label: 'try again' },
  { value: 'change', label: 'enter another address' },
  { value: 'continue', label: 'go on without looking; doctor looks later' },
];

/** Looks and tells what it sees; `why` is why the provider cannot be used, on one line. */
async function tried(
  known: Known,
  { inspector, clock, stderr }: Ports,
): Promise<Partial<Looked> & { readonly why?: string | undefined }> {
  try {
    const looked = await lookAt(known, inspector, clock.now());
    const { columns = Number.POSITIVE_INFINITY } = stderr;
    for (const line of described(looked))
      stderr.write(`${wrapped(`  ${printableLine(line)}`, columns, 4)}\n`);
    const { rejected } = looked.facts;
    return rejected === undefined
      ? looked
      : { why: printableLine(`The bridge cannot use it: ${rejected}.`) };
  } catch (thrown) {
    if (!(thrown instanceof ProviderFault)) throw thrown;
    return { why: printableLine(`${thrown.message}. ${thrown.fix}`) };
  }
}

async function answered(question: Question, known: Known, options: Options): Promise<Known> {
  if (question.message === undefined)
    return withTexts(question, known, question.initial?.(known, options));
  const texts = await textsFor(question, known, options);
  return { ...known, [question.key]: question.parse(texts, known) };
}

/** Asks one question, whatever is known already. */
async function textsFor(
  question: Question,
  known: Known,
  options: Options,
): Promise<readonly string[]> {
  if (question.ask !== undefined) return question.ask(known);
  const { askChoice, askText } = await import('./prompts.ts');
  const message = question.message!(known);
  const choices = question.choices?.(known) ?? [];
  if (choices.length === 1) return [choices[0]!.value];
  if (choices.length > 1) return [await askChoice(message, choices)];
  return [
    await askText({
      message,
      placeholder: question.example?.(known),
      initial: question.initial?.(known, options)?.[0],
      mayBeEmpty: question.mayBeEmpty,
      problem: typed => problemOf(() => question.parse([typed], known)),
    }),
  ];
}
