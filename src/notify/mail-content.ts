/** What a mail contains: plain text, and the same in HTML by `views/mail/`. */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Eta } from 'eta/core';
import type { ElevationMessage } from '../core/elevation-message.ts';

export interface MailModel extends ElevationMessage {
  /** Of the elevation. */
  readonly address: string;
  /** Who sent the message, as users know it. */
  readonly productName: string;
}

export interface MailContent {
  text(model: MailModel): string;
  html(model: MailModel): string;
}

/** Reads and compiles the template. Throws an Error if it is missing or broken. */
export function createMailContent(views: string): MailContent {
  const file = join(views, 'mail', 'elevation.eta');
  const eta = new Eta({ functionHeader: 'const { model } = it;' });
  eta.loadTemplate('@elevation', readFileSync(file, 'utf8'));
  return { text: plainText, html: model => eta.render('@elevation', { model }) };
}

function plainText(model: MailModel): string {
  const { title, sentences, facts, linkLabel, address, productName } = model;
  return [
    title,
    '',
    ...sentences,
    '',
    ...facts.map(({ label, value }) => `${label}: ${value}`),
    '',
    `${linkLabel}:`,
    address,
    '',
    `${productName} sent this message.`,
    'Decisions are made at the bridge, after a sign-in; replies are not read.',
    '',
  ].join('\n');
}
