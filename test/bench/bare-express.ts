/**
 * The floor of a door for tokens, as a process of its own: it hashes the bearer and answers the
 * JSON of its command line.
 */
import { createHash } from 'node:crypto';
import express from 'express';
import { listenOnLoopback } from './loopback.ts';

const answer: unknown = JSON.parse(process.argv[2]!);
const app = express();
app.get('/federation/credentials', (request, response) => {
  createHash('sha256')
    .update(request.get('x-amz-sso_bearer_token') ?? '')
    .digest();
  response.json(answer);
});
const { url } = await listenOnLoopback(app);
process.stdout.write(`${url}\n`);
