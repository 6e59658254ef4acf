/**
 * Addresses and networks: an address, `address:port`, a CIDR or a range in the first column, later columns are
 * remarks. Also what `ipset save` writes (`add SET ADDRESS`).
 *
 * Easy to get wrong: a second column that is an address makes the line a range (`first last` as DShield publishes),
 * so it is not a remark.
 */
import { type EntryRecorder, withPort } from '../entry-recorder.ts';
import { PLAIN } from '../feed-sink.ts';
import { addressTarget, isAddress } from './address-text.ts';
import { readAuthority } from './host-text.ts';
import {
  columnEnd,
  isBlank,
  type LineParser,
  type LineResult,
  type ReadLine,
  skipBlanks,
  withoutHash,
  withoutSemicolon,
} from './line-parser.ts';

const DASH = 0x2d;
const SLASH = 0x2f;
const SEMICOLON = 0x3b;

const line: ReadLine = (bytes, lineStart, lineEnd, out) => {
  const end = withoutSemicolon(bytes, lineStart, withoutHash(bytes, lineStart, lineEnd));
  if (end === lineStart) return 'comment';
  const start = afterIpset(bytes, lineStart, end);
  if (start < 0) return 'comment';
  let first = start;
  while (first < end && !isBlank(bytes[first]) && bytes[first] !== SEMICOLON) first++;
  const second = skipBlanks(bytes, first, end);
  if (second < end && bytes[first] !== SEMICOLON) {
    const last = rangeEnd(bytes, second, end);
    if (last !== null) return out.range(bytes.toString('latin1', start, first), last);
    if (addressTarget(bytes, start, first) === 'nowhere') return 'a hosts line';
  }
  return network(bytes, start, first, out);
};

function network(bytes: Buffer, start: number, end: number, out: EntryRecorder): LineResult {
  const text = bytes.subarray(start, end);
  if (text.includes(SLASH)) return out.cidr(text.toString('latin1'));
  const dash = text.indexOf(DASH);
  if (dash > 0 && isAddress(bytes, start, start + dash)) {
    return out.range(text.toString('latin1', 0, dash), text.toString('latin1', dash + 1));
  }
  const authority = readAuthority(bytes, start, end);
  if (authority === null) return 'not an address or CIDR';
  const invalid = out.address(bytes, authority.hostStart, authority.hostEnd, withPort(PLAIN, authority.port));
  return invalid === 'not an IP address' ? 'not an address or CIDR' : invalid;
}

/** The last address when `bytes[start, end)` goes on with one, with or without a dash; null otherwise. */
function rangeEnd(bytes: Buffer, start: number, end: number): string | null {
  const dashed = bytes[start] === DASH;
  const from = dashed ? skipBlanks(bytes, start + 1, end) : start;
  const to = columnEnd(bytes, from, end);
  return isAddress(bytes, from, to) ? bytes.toString('latin1', from, to) : null;
}

/** Where the address of an `ipset save` line begins, -1 for its other commands, `start` for every other line. */
function afterIpset(bytes: Buffer, start: number, end: number): number {
  const command = columnEnd(bytes, start, end);
  if (command - start > 6 || bytes[start] === undefined || bytes[start] < 0x61) return start;
  const word = bytes.toString('latin1', start, command);
  if (word === 'create' || word === 'flush' || word === 'COMMIT') return -1;
  if (word !== 'add') return start;
  const set = skipBlanks(bytes, command, end);
  return skipBlanks(bytes, columnEnd(bytes, set, end), end);
}

export const cidrParser = (): LineParser => ({ line });
