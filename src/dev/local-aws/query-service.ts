/** One service behind the query API: what the wire (dispatch.ts) has to know of it. */
import type { SignedRequest } from './signature-claim.ts';
import type { XmlTree } from './xml-writer.ts';

export interface QueryCall {
  readonly parameters: URLSearchParams;
  readonly request: SignedRequest;
  readonly sourceIp: string;
}

export interface QueryResult {
  /** Undefined for an operation that answers nothing but that it was done. */
  readonly result: XmlTree | undefined;
  /** ARN of the session that was opened or used; for the log. */
  readonly principal?: string | undefined;
}

export interface QueryService {
  readonly surface: 'sts' | 'iam';
  /** Of the API: `2011-06-15`. */
  readonly version: string;
  readonly namespace: string;
  /** Whether a caller may ask for JSON. */
  readonly speaksJson: boolean;
  has(action: string): boolean;
  /** For an action that it has. Throws `QueryError`. */
  perform(action: string, call: QueryCall): Promise<QueryResult>;
}
