/**
 * dnsmasq configuration: `address=/a/b/0.0.0.0`, `server=/x/`, `local=/x/`. Names cover what is below them.
 *
 * Easy to get wrong: the same option blocks, maps or forwards depending on what stands after the last slash, and
 * `server=/x/#` (ask the standard servers) takes a name out of a wider block.
 */
import type { EntryRecorder } from '../entry-recorder.ts';
import { targetOf } from './address-text.ts';
import { isBlank, type LineParser, type LineResult, type ReadLine } from './line-parser.ts';
import type { InvalidReason } from './reasons.ts';

const HASH = 0x23;
const DOT = 0x2e;

const line: ReadLine = (bytes, start, lineEnd, out) => {
  if (bytes[start] === HASH) return 'comment';
  const end = withoutComment(bytes, start, lineEnd);
  const text = bytes.toString('latin1', start, end);
  const setting = /^([a-z][a-z0-9-]*)(?:\s*=\s*(.*))?$/.exec(text);
  if (setting === null) return 'not a dnsmasq setting';
  const [, option = '', value] = setting;
  switch (option) {
    case 'address':
    case 'server':
    case 'local':
      if (value === undefined || value === '') return 'not a dnsmasq setting';
      // Without slashes it is an upstream server, not a rule about names.
      return value.startsWith('/')
        ? names(option, value, bytes, end - value.length, end, out)
        : out.skip('other-setting');
    case 'conf-file':
    case 'conf-dir':
    case 'addn-hosts':
    case 'servers-file':
      return out.skip('include');
    default:
      return out.skip('other-setting');
  }
};

/** A comment needs white space before it: `address=/x/#` has none. */
function withoutComment(bytes: Buffer, start: number, end: number): number {
  let cut = end;
  for (let i = start + 1; i < end; i++) {
    if (bytes[i] === HASH && isBlank(bytes[i - 1])) {
      cut = i;
      break;
    }
  }
  while (cut > start && isBlank(bytes[cut - 1])) cut--;
  return cut;
}

/** `/name/name/target` in `bytes[start, end)`, whose text is `value`. */
function names(
  option: string,
  value: string,
  bytes: Buffer,
  start: number,
  end: number,
  out: EntryRecorder,
): LineResult {
  const lastSlash = value.lastIndexOf('/');
  if (lastSlash === 0) return 'not a dnsmasq setting';
  const effect = effectOf(option, value.slice(lastSlash + 1));
  if (effect === 'not an IP address') return effect;
  if (effect === 'mapping') return out.skip('address-mapping');
  const record = (): InvalidReason | null => recordNames(bytes, start + 1, start + lastSlash, end, out);
  return effect === 'exception' ? out.except(record) : record();
}

function effectOf(option: string, target: string): 'block' | 'mapping' | 'exception' | 'not an IP address' {
  if (target === '') return 'block';
  if (option === 'address') {
    if (target === '#') return 'block';
    const kind = targetOf(target);
    if (kind === null) return 'not an IP address';
    return kind === 'nowhere' ? 'block' : 'mapping';
  }
  return target === '#' ? 'exception' : 'mapping';
}

function recordNames(
  bytes: Buffer,
  start: number,
  namesEnd: number,
  end: number,
  out: EntryRecorder,
): InvalidReason | null {
  let invalid: InvalidReason | null = null;
  for (let at = start; at <= namesEnd && at < end;) {
    const slash = bytes.indexOf(0x2f, at);
    const from = bytes[at] === DOT ? at + 1 : at;
    invalid ??= recordName(bytes, from, slash, out);
    at = slash + 1;
  }
  return invalid;
}

function recordName(bytes: Buffer, start: number, end: number, out: EntryRecorder): InvalidReason | null {
  if (end - start === 1 && bytes[start] === HASH) return 'covers every name';
  if (end === start) return 'empty label'; // `//` means unqualified names
  // `*name` (since 2.86) matches any name that ends so, also in the middle of a label.
  if (bytes[start] === 0x2a) return out.skip('pattern-rule');
  return out.host(bytes, start, end, 'suffix');
}

export const dnsmasqParser = (): LineParser => ({ line });
