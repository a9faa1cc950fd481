/** Calls of the bearer API whose answers are held against the document that the bridge serves. */
import assert from 'node:assert/strict';
import { Ajv2020 } from 'ajv/dist/2020.js';
import addFormats from 'ajv-formats';
import { type Answer, callApi } from './cli-login.ts';
import type { World } from './world.ts';

// biome-ignore lint/suspicious/noExplicitAny: a document is looked at place by place.
export type ApiDocument = any;

/** Calls an operation and holds the answer against the document that the bridge serves. */
export function checkedCaller(world: World, document: ApiDocument) {
  const ajv = new Ajv2020({ strict: false, allErrors: true });
  (addFormats as unknown as (ajv: Ajv2020) => void)(ajv);
  ajv.addSchema({ $id: 'https://document.invalid/', components: document.components });
  return async (
    token: string | undefined,
    request: Parameters<typeof callApi>[2],
  ): Promise<Answer> => {
    const answered = await callApi(world, token, request);
    const template = Object.keys(document.paths).find(path =>
      new RegExp(`^${path.replaceAll(/\{\w+\}/g, '[^/]+')}$`).test(
        `/api/v1${request.path.split('?')[0]}`,
      ),
    );
    const described =
      template &&
      document.paths[template]?.[(request.method ?? 'GET').toLowerCase()]?.responses[
        answered.status
      ];
    assert.ok(
      described !== undefined,
      `${request.method ?? 'GET'} ${request.path} answers ${answered.status}, which the document does not know`,
    );
    const [[type, content] = []] = Object.entries(
      (described.content ?? {}) as Record<string, { schema: object }>,
    );
    if (type === undefined) {
      assert.equal(answered.json, undefined);
      return answered;
    }
    assert.equal(answered.headers.get('content-type')?.split(';')[0], type);
    const schema = JSON.parse(
      JSON.stringify(content!.schema).replaceAll(
        '"#/components',
        '"https://document.invalid/#/components',
      ),
    ) as object;
    const validate = ajv.compile(schema);
    assert.ok(
      validate(answered.json),
      `${request.path}: ${ajv.errorsText(validate.errors)} ${JSON.stringify(answered.json)}`,
    );
    return answered;
  };
}
