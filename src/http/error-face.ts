/** What a face of errors is, and what it may use. */
import type { Request, Response } from 'express';
import type { BridgeError } from '../core/errors.ts';
import type { Recording } from './error-record.ts';
import type { Help } from './help.ts';
import type { Renderer } from './render.ts';

export interface ErrorResponseParts extends Recording {
  readonly baseUrl: string;
  readonly renderer: Renderer;
  readonly help: Help | undefined;
}

/** Sends an error, whose status is already set. */
export type ShowError = (
  error: BridgeError,
  exchange: { readonly request: Request; readonly response: Response },
  parts: ErrorResponseParts,
) => void;
