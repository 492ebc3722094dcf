import { z } from 'zod';

/**
 * A whole number in a query, which is text. The limits are told twice: to who calls, and by way of `meta` to who
 * reads the description of the API.
 */
export function whole(least: number, most: number, expected = `expected ${least} to ${most}`) {
  return z
    .string()
    .regex(/^\d{1,16}$/, expected)
    .transform(Number)
    .refine((value) => value >= least && value <= most, expected)
    .meta({ type: 'integer', minimum: least, maximum: most });
}

/** Where a page begins that is named by the number of the last entry before it. */
export const numberCursor = z
  .string()
  .regex(/^\d{1,16}$/, 'expected the nextCursor of the page before')
  .transform(Number);

/** Words with commas between them. @param each what one of them may be */
export function commaSeparated<T extends z.ZodType<unknown, string>>(each: T, example: string) {
  return z
    .string()
    .transform((text) => text.split(','))
    .pipe(z.array(each))
    .meta({ description: 'Several with commas between them', examples: [example] });
}
