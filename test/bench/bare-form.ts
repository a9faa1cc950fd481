/**
 * The floor of the routes that anyone can call, as a process of its own: it reads a form, or
 * redirects, and knows nothing.
 */
import express from 'express';
import { listenOnLoopback } from './loopback.ts';

const app = express();
app.post(
  '/*path',
  express.urlencoded({ extended: false, limit: 160 * 1024 }),
  (_request, response) => {
    response.status(400).type('html').send('<!doctype html><title>400</title>');
  },
);
app.get('/*path', (_request, response) => {
  response.redirect(303, '/');
});
const { url } = await listenOnLoopback(app);
process.stdout.write(`${url}\n`);
