/**
 * Node's own modules without the import machinery: an `import` of them makes a namespace of every
 * name that they have, which costs a `credential-process` with a warm cache a tenth of its time.
 * For the modules on its way; everything else imports as usual.
 */
export const builtin: typeof process.getBuiltinModule = process.getBuiltinModule;
