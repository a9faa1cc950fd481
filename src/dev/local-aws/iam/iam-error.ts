/** The refusals of IAM, with their status (its service model, version 2010-05-08). */
import { QueryError } from '../query-error.ts';

const STATUS = {
  AccessDenied: 403,
  DeleteConflict: 409,
  EntityAlreadyExists: 409,
  InvalidInput: 400,
  LimitExceeded: 409,
  MalformedPolicyDocument: 400,
  NoSuchEntity: 404,
  ServiceFailure: 500,
  UnmodifiableEntity: 400,
  ValidationError: 400,
} as const;

export type IamCode = keyof typeof STATUS;

export class IamError extends QueryError {
  override readonly name = 'IamError';

  constructor(code: IamCode, wireMessage: string, reason?: string) {
    super({ code, status: STATUS[code], wireMessage, reason });
  }
}
