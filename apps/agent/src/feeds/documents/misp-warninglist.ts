/**
 * MISP warninglists: well-known names and networks that indicators list by mistake. They feed the guard rails, never
 * a block list.
 *
 * Easy to get wrong: the type, which says what a value covers, comes after the values in most files. So values are
 * given out at the end, and held, in bounds, until then.
 */
import { canonicalHost, parseCidr, parseIp } from '@sallyport/hosts/canonical';

import { FeedError, printable } from '../feed-error.ts';
import type { HostMatch } from '../feed-sink.ts';
import { readJsonItems } from './json-items.ts';
import type { DocumentContext } from './registry.ts';

export type WarninglistValue =
  /** `name` is canonical; a single label (a top-level domain) may occur. */
  | { readonly kind: 'host'; readonly name: string; readonly match: HostMatch }
  /** The network's address, 4 or 16 bytes. */
  | { readonly kind: 'cidr'; readonly address: Uint8Array; readonly prefixLength: number };

export interface WarninglistReport {
  /** As the list calls itself, printable; empty when it does not. */
  readonly title: string;
  readonly type: 'string' | 'hostname' | 'cidr' | 'substring' | 'regex';
  readonly read: number;
  /** Given to `onValue`. */
  readonly used: number;
  /** Parts of names and regular expressions, which are no hosts. */
  readonly skipped: number;
  readonly invalid: number;
}

const TYPES = ['string', 'hostname', 'cidr', 'substring', 'regex'] as const;
/** The largest published one has a million names in 15 MB. */
const MAX_HELD_CHARACTERS = 64 * 1024 * 1024;
const MAX_VALUES = 4_000_000;

/**
 * Gives the values of one list to `onValue`, after the whole document was read. `string` values are exact hosts,
 * `hostname` values cover what is below them; a value with a leading dot covers both in any list. Values that cannot
 * be read go to `context.onInvalid`. Throws `FeedError` for anything but a warninglist.
 */
export async function readWarninglist(
  source: AsyncIterable<Uint8Array>,
  context: DocumentContext,
  onValue: (value: WarninglistValue) => void,
): Promise<WarninglistReport> {
  const shownName = printable(context.name, 400);
  const values: (string | null)[] = [];
  let held = 0;
  const found: { list: boolean; title: string; type: unknown } = { list: false, title: '', type: null };
  await readJsonItems<'list' | 'value' | 'name' | 'type'>(
    source,
    context.name,
    { members: { list: { label: 'list', elements: 'value' }, name: 'name', type: 'type' } },
    {
      onOpen: () => void (found.list = true),
      onItem(label, value) {
        if (label === 'name' && typeof value === 'string') found.title = printable(value);
        if (label === 'type') found.type = value;
        if (label !== 'value') return;
        const text = typeof value === 'string' ? value.trim() : null;
        held += text?.length ?? 0;
        if (held > MAX_HELD_CHARACTERS || values.length === MAX_VALUES) {
          throw new FeedError('too-large', `${shownName}: too large for a warninglist`);
        }
        values.push(text);
      },
      onUnreadable: (label) => void (label === 'value' && values.push(null)),
    },
  );
  const type = TYPES.find((known) => known === found.type);
  if (!found.list || type === undefined) {
    const problem = found.list ? 'its "type" is none of string, hostname, cidr, substring, regex' : 'it has no "list"';
    throw new FeedError('wrong-format', `${shownName}: not a MISP warninglist: ${problem}`);
  }

  let used = 0;
  let skipped = 0;
  let invalid = 0;
  for (const [index, text] of values.entries()) {
    context.onItem();
    if (type === 'substring' || type === 'regex') {
      skipped++;
      continue;
    }
    const value = text === null ? null : type === 'cidr' ? readNetwork(text) : readHost(text, type);
    if (value === null) {
      invalid++;
      context.onInvalid(index + 1, text ?? '', type === 'cidr' ? 'not an address or CIDR' : 'not a host name');
      continue;
    }
    used++;
    onValue(value);
  }
  return { title: found.title, type, read: values.length, used, skipped, invalid };
}

function readHost(text: string, type: 'string' | 'hostname'): WarninglistValue | null {
  const dotted = text.startsWith('.');
  const name = canonicalHost(dotted ? text.slice(1) : text);
  if (name.kind === 'ok') {
    return { kind: 'host', name: name.value, match: dotted || type === 'hostname' ? 'suffix' : 'exact' };
  }
  return readNetwork(text);
}

function readNetwork(text: string): WarninglistValue | null {
  if (!text.includes('/')) {
    const address = parseIp(text);
    return address === null ? null : { kind: 'cidr', address, prefixLength: address.length * 8 };
  }
  const network = parseCidr(text);
  return network.kind === 'rejected'
    ? null
    : { kind: 'cidr', address: network.bytes, prefixLength: network.prefixLength };
}
