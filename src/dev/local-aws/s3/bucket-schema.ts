/** The form of a bucket in a world file. */
import { z } from 'zod';

const origin = z.string().refine(text => {
  const url = URL.parse(text);
  return url?.origin === text && /^https?:$/.test(url.protocol) && !text.includes('*');
}, 'an origin is written like https://photos.example.com, without a path and without *');

const headerName = z.string().regex(/^(?:\*|[\w-]{1,100})$/);

const corsRule = z.strictObject({
  allowedOrigins: z.array(origin).min(1),
  allowedMethods: z.array(z.enum(['GET', 'HEAD'])).min(1),
  allowedHeaders: z.array(headerName).default([]),
  exposeHeaders: z.array(headerName).default([]),
  maxAgeSeconds: z.number().int().min(0).optional(),
});

const storedObject = z.strictObject({
  // S3: at most 1024 bytes of UTF-8.
  key: z
    .string()
    .min(1)
    .refine(key => Buffer.byteLength(key) <= 1024, 'a key has at most 1024 bytes'),
  content: z.union([z.strictObject({ text: z.string() }), z.strictObject({ base64: z.base64() })]),
  contentType: z
    .string()
    .regex(/^[\w.+-]+\/[\w.+-]+(?:; ?charset=[\w-]+)?$/)
    .default('binary/octet-stream'),
});

export const bucketFields = {
  name: z
    .string()
    .regex(
      /^(?!xn--)[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
      'a bucket name has 3 to 63 characters of a-z 0-9 . -',
    ),
  region: z.string().min(1),
  objects: z.array(storedObject).default([]),
  cors: z.array(corsRule).default([]),
} as const;
