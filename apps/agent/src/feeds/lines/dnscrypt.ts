/**
 * dnscrypt-proxy's blocked names and blocked addresses: `name`, `*.name` and `.name` (the name and all below it),
 * `=name` (the name alone), `10.0.*` (an address by its first parts).
 *
 * Easy to get wrong: `ads.*` is a pattern over names and `10.0.*` a network; only the digits tell them apart.
 */
import type { EntryRecorder } from '../entry-recorder.ts';
import { isAddress } from './address-text.ts';
import { isBlank, type LineParser, type LineResult, type ReadLine, withoutHash } from './line-parser.ts';
import type { InvalidReason } from './reasons.ts';

const line: ReadLine = (bytes, start, lineEnd, out) => {
  const end = withoutHash(bytes, start, lineEnd);
  if (end === start) return 'comment';
  for (let i = start; i < end; i++) {
    // `name @schedule` blocks at certain times only.
    if (isBlank(bytes[i]))
      return /\s@\S+$/.test(bytes.toString('latin1', i, end)) ? out.skip('conditional-rule') : 'more than one column';
  }
  return rule(bytes, start, end, out);
};

function rule(bytes: Buffer, start: number, end: number, out: EntryRecorder): LineResult {
  const text = bytes.toString('latin1', start, end);
  if (text.startsWith('=')) return out.host(bytes, start + 1, end, 'exact');
  if (text.startsWith('[') || isAddress(bytes, start, end)) return out.address(bytes, start, end);
  if (text.endsWith('*') && /^[\da-f.:]*\*$/i.test(text)) {
    const network = networkOfPrefix(text.slice(0, -1));
    if (network !== null) return out.cidr(network);
  }
  if (text.includes('/')) return out.cidr(text);
  const from = text.startsWith('*.') ? 2 : text.startsWith('.') ? 1 : 0;
  if (/[*?[\]]/.test(text.slice(from))) return out.skip('pattern-rule');
  return recordSuffix(bytes, start + from, end, out);
}

const recordSuffix = (bytes: Buffer, start: number, end: number, out: EntryRecorder): InvalidReason | null =>
  out.host(bytes, start, end, 'suffix');

/** `10.0.` as `10.0.0.0/16`, `fe80:53:` as `fe80:53::/32`; null when the prefix ends inside a part. */
function networkOfPrefix(prefix: string): string | null {
  const dotted = prefix.split('.');
  if (/^(?:\d{1,3}\.){1,3}$/.test(prefix)) {
    const parts = dotted.slice(0, -1);
    return `${[...parts, '0', '0', '0'].slice(0, 4).join('.')}/${parts.length * 8}`;
  }
  if (/^(?:[\da-f]{1,4}:){1,7}$/i.test(prefix)) {
    const groups = prefix.split(':').slice(0, -1);
    return `${groups.join(':')}${groups.length === 7 ? ':0' : '::'}/${groups.length * 16}`;
  }
  return null;
}

export const dnscryptParser = (): LineParser => ({ line });
