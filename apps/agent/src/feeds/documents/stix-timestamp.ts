/**
 * STIX timestamps: RFC 3339 in UTC with a `Z`, any number of decimals (STIX 2.1, 2.16).
 *
 * Easy to get wrong: `Date.parse` alone takes local times and words; the form is checked first.
 */
const FORM = /^\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T\d\d:\d\d:\d\d(?:\.\d{1,12})?Z$/;

/** Unix milliseconds, null when it is none. */
export function parseTimestamp(text: string): number | null {
  if (!FORM.test(text)) return null;
  const time = Date.parse(text.replace(/(\.\d{3})\d+Z$/, '$1Z'));
  return Number.isNaN(time) ? null : time;
}
