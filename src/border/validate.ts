import { z } from 'zod';

import { GatewayError } from '../errors.ts';
import { phoneDigits } from './phone-number.ts';

/**
 * Checks what came from outside.
 * @throws GatewayError `invalid_request` that names each wrong field and what was expected, and repeats no value
 */
export function validate<T>(schema: z.ZodType<T>, value: unknown): T {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map((issue) =>
    issue.path.length === 0 ? issue.message : `${issue.path.join('.')}: ${issue.message}`,
  );
  throw new GatewayError({
    code: 'invalid_request',
    message: problems.join('; '),
    action: 'Correct the request; the page /api/docs of the gateway describes every call',
  });
}

const PHONE_NUMBER = 'expected a phone number with country code, for example "+49 151 23456789"';

/** What asks for a pairing code, on REST and Socket.IO alike. */
export const pairingRequest = z.object(
  {
    phoneNumber: z.string({ error: PHONE_NUMBER }).transform((text, context) => {
      const digits = phoneDigits(text);
      if (digits !== null) return digits;
      context.addIssue({ code: 'custom', message: PHONE_NUMBER });
      return z.NEVER;
    }),
  },
  { error: 'expected an object {"phoneNumber": "…"}' },
);
