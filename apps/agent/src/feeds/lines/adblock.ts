/**
 * Adblock Plus, uBlock Origin and AdGuard syntax, of which only rules about whole hosts and URL prefixes are taken.
 * A line that is nothing but a name is a host, as uBlock Origin reads it.
 *
 * Easy to get wrong: a rule with an option that narrows it (`$domain=`, `redirect`, `removeparam`, `third-party` …) is
 * conditional and must never become a host block, so only options known to leave a rule whole are accepted.
 */
import { type EntryRecorder, withPort } from '../entry-recorder.ts';
import { PLAIN } from '../feed-sink.ts';
import { isAddress, isCidrShaped } from './address-text.ts';
import { readAuthority } from './host-text.ts';
import { columnEnd, isBlank, type LineParser, type LineResult, type ReadLine } from './line-parser.ts';
import type { InvalidReason } from './reasons.ts';

const BANG = 0x21;
const HASH = 0x23;
const DOLLAR = 0x24;
const STAR = 0x2a;
const DOT = 0x2e;
const SLASH = 0x2f;
const COLON = 0x3a;
const QUESTION = 0x3f;
const AT = 0x40;
const BRACKET = 0x5b;
const CARET = 0x5e;
const PIPE = 0x7c;

/** Options that leave a rule unconditional: it blocks every request to the host. */
const PLAIN_OPTIONS: ReadonlySet<string> = new Set(['all', 'document', 'doc', 'important', '']);
/** Where options begin: `$`, a name, then a value, the next option or the end. A `$` in a path does not look so. */
const OPTIONS = /\$(?=~?[a-z0-9_-]+(?:[,=]|$))/i;
/** Element hiding, scriptlets, HTML filters, in all their dialects. */
const COSMETIC = /#@?[$%?]{0,2}#|\$@?\$/;

export function adblockParser(): LineParser {
  /** How many `!#if` are open: rules inside apply to some browsers only. */
  let depth = 0;

  const line: ReadLine = (bytes, start, end, out) => {
    const first = bytes[start];
    if (first === BANG) {
      if (bytes[start + 1] !== HASH) return 'comment';
      const directive = bytes.toString('latin1', start + 2, columnEnd(bytes, start, end));
      if (directive === 'if') depth++;
      else if (directive === 'endif') depth = Math.max(0, depth - 1);
      else if (directive === 'include') return out.skip('include');
      return 'comment';
    }
    if (first === BRACKET && bytes[start + 1] !== DOLLAR) return 'comment';
    if (first === HASH && (start + 1 === end || isBlank(bytes[start + 1]))) return 'comment';
    if (depth > 0 || first === BRACKET) return out.skip('conditional-rule');
    if (first === AT && bytes[start + 1] === AT) return out.except(() => adblockRule(bytes, start + 2, end, out));
    return adblockRule(bytes, start, end, out);
  };
  return { line, longLine };
}

/** A rule may list thousands of sites; such a rule is conditional. A long comment is a comment. */
function longLine(bytes: Buffer, start: number, out: EntryRecorder): LineResult {
  const first = bytes[start];
  return first === HASH || first === BANG ? 'comment' : out.skip('conditional-rule');
}

function adblockRule(bytes: Buffer, start: number, end: number, out: EntryRecorder): InvalidReason | null {
  const text = bytes.toString('latin1', start, end);
  if (COSMETIC.test(text)) return out.skip('cosmetic-rule');
  if (text.startsWith('/') && /\/(?:\$|$)/.test(text.slice(1))) return out.skip('pattern-rule');
  const options = OPTIONS.exec(text);
  const pattern = options === null ? text : text.slice(0, options.index);
  if (/[ \t]/.test(pattern))
    return isAddress(bytes, start, columnEnd(bytes, start, end)) ? 'a hosts line' : 'white space in a rule';
  if (options !== null) {
    const named = text
      .slice(options.index + 1)
      .toLowerCase()
      .split(',');
    if (!named.every((option) => PLAIN_OPTIONS.has(option))) return out.skip('conditional-rule');
  }
  const patternEnd = start + pattern.length;
  if (pattern.startsWith('||')) return anchoredRule(bytes, start + 2, patternEnd, out);
  if (isCidrShaped(bytes, start, patternEnd)) return 'not a host name';
  if (
    options === null &&
    /^[a-z0-9\x80-\xff][\w.\x80-\xff-]*[a-z0-9\x80-\xff]$/i.test(pattern) &&
    pattern.includes('.')
  ) {
    return out.host(bytes, start, patternEnd, 'suffix');
  }
  return out.skip('pattern-rule');
}

/** What follows `||`: a host, and then nothing more than its end, or a path. */
function anchoredRule(bytes: Buffer, start: number, end: number, out: EntryRecorder): InvalidReason | null {
  const wildcard = bytes[start] === STAR && bytes[start + 1] === DOT;
  const hostStart = wildcard ? start + 2 : start;
  // An IPv6 address has colons of its own.
  const bracket = bytes[hostStart] === BRACKET ? bytes.subarray(hostStart, end).indexOf(0x5d) : -1;
  let hostEnd = hostStart + bracket + 1;
  while (hostEnd < end && !ENDS_HOST.has(bytes[hostEnd] ?? 0)) hostEnd++;
  let rest = bytes.toString('latin1', hostEnd, end);
  const port = /^:\d*/.exec(rest)?.[0] ?? '';
  rest = rest.slice(port.length);
  if (isPartOfName(bytes, hostStart, hostEnd, rest)) return out.skip('pattern-rule');

  if (WHOLE_HOST.has(rest)) {
    const authority = readAuthority(bytes, hostStart, hostEnd + port.length);
    if (authority === null) return 'bad port';
    if (bytes[hostStart] === BRACKET)
      return out.address(bytes, hostStart, authority.hostEnd, withPort(PLAIN, authority.port));
    const match = wildcard ? 'subdomains' : 'suffix';
    return out.host(bytes, hostStart, authority.hostEnd, match, withPort(PLAIN, authority.port));
  }
  let pathEnd = rest.length;
  while (pathEnd > 0 && '^*|'.includes(rest.charAt(pathEnd - 1))) pathEnd--;
  const path = rest.slice(0, pathEnd);
  if (wildcard || !/^[/?]/.test(path) || /[*^|]/.test(path)) return out.skip('pattern-rule');
  return out.url(bytes, hostStart, end - (rest.length - pathEnd), 'suffix');
}

/**
 * Whether what stands between `||` and `rest` is only a part of the names that the rule matches: `||name.^`, `||.name^`,
 * `||secure-login-` (no end given), `||xyz/login/` (any host below xyz). `||xyz^` is not: it names all of xyz.
 */
function isPartOfName(bytes: Buffer, start: number, end: number, rest: string): boolean {
  if (end === start || bytes[start] === DOT || bytes[end - 1] === DOT) return true;
  if (bytes[start] === BRACKET || rest.startsWith('^')) return false;
  return bytes[end - 1] === 0x2d || !bytes.subarray(start, end).includes(DOT);
}

const ENDS_HOST: ReadonlySet<number> = new Set([CARET, SLASH, COLON, QUESTION, STAR, PIPE, DOLLAR]);
const WHOLE_HOST: ReadonlySet<string> = new Set(['', '^', '^|', '^*', '|', '/', '/^', '/*', '/|']);
