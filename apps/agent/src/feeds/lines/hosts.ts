/**
 * `0.0.0.0 name [name…] # comment` (hosts(5)).
 *
 * Easy to get wrong: only an address that leads nowhere blocks its names; `192.168.1.7 printer.example` is a mapping.
 */
import { addressTarget } from './address-text.ts';
import { columnEnd, type LineParser, type ReadLine, skipBlanks, withoutHash } from './line-parser.ts';
import type { InvalidReason } from './reasons.ts';

const line: ReadLine = (bytes, start, lineEnd, out) => {
  const end = withoutHash(bytes, start, lineEnd);
  if (end === start) return 'comment';
  const addressEnd = columnEnd(bytes, start, end);
  const target = addressTarget(bytes, start, addressEnd);
  if (target === null) return 'not an IP address';
  let column = skipBlanks(bytes, addressEnd, end);
  if (column === end) return 'no name after the address';
  if (target === 'other') return out.skip('address-mapping');

  let invalid: InvalidReason | null = null;
  while (column < end) {
    const next = columnEnd(bytes, column, end);
    invalid ??= out.host(bytes, column, next, 'exact');
    column = skipBlanks(bytes, next, end);
  }
  return invalid;
};

export const hostsParser = (): LineParser => ({ line });
