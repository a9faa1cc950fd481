/**
 * Loaded before what is profiled (`--import`): workers that take no arguments of their process, as
 * that of SAML responses, are profiled too.
 */
import { syncBuiltinESMExports } from 'node:module';
import threads, { Worker, type WorkerOptions } from 'node:worker_threads';

const flags = process.execArgv.filter(argument => argument.startsWith('--cpu-prof'));

threads.Worker = class extends Worker {
  constructor(script: string | URL, options: WorkerOptions = {}) {
    super(script, { ...options, execArgv: [...(options.execArgv ?? []), ...flags] });
  }
};
syncBuiltinESMExports();
