/**
 * Records of a zone file in the text form of RFC 1035 section 5: `$ORIGIN`, `@`, owners left out, `;` comments,
 * parentheses over several lines.
 *
 * Easy to get wrong: a blank before the first word means "the owner of the record before". A parenthesis that never
 * closes must not swallow the rest of the feed, so what is kept is bounded.
 */
import { isIndented } from './line-parser.ts';
import type { InvalidReason } from './reasons.ts';

const MAX_RECORD = 4096;

/** A name as far as it is known: `absolute` ones end at the root, others at the zone's name, which nobody told. */
export interface ZoneName {
  readonly text: string;
  readonly absolute: boolean;
}

export interface ZoneRecord {
  readonly owner: ZoneName;
  /** Upper case. */
  readonly type: string;
  /** The fields after the type, as written. */
  readonly data: readonly string[];
}

type ZoneLine =
  | 'comment'
  | 'include'
  | { readonly invalid: InvalidReason }
  | { readonly record: ZoneRecord; readonly resolve: (name: string) => ZoneName };

/** Everything that may stand between owner and type. */
const TTL = /^(?:\d+[smhdw]?)+$/i;
const CLASS = /^(?:IN|CH|HS)$/i;
const TYPE = /^(?:[a-z][a-z0-9-]*|TYPE\d+)$/i;

export class ZoneReader {
  /** What relative names end in. */
  #origin: ZoneName = { text: '', absolute: false };
  /** The first `$ORIGIN`, which is the zone's name if the SOA record says nothing else. */
  #firstOrigin: ZoneName | null = null;
  #owner: ZoneName | null = null;
  #pending = '';
  #pendingIndented = false;
  #depth = 0;

  get firstOrigin(): ZoneName | null {
    return this.#firstOrigin;
  }

  get isOpen(): boolean {
    return this.#depth > 0;
  }

  read(bytes: Buffer, start: number, end: number): ZoneLine {
    const text = this.#withoutComment(bytes.toString('latin1', start, end));
    if (this.#pending === '') this.#pendingIndented = isIndented(bytes, start);
    this.#pending += this.#pending === '' ? text : ` ${text}`;
    if (this.#depth > 0) {
      if (this.#pending.length <= MAX_RECORD) return 'comment';
      this.#depth = 0;
      this.#pending = '';
      return { invalid: 'unclosed bracket' };
    }
    const whole = this.#pending.trim();
    this.#pending = '';
    return whole === '' ? 'comment' : this.#entry(whole, this.#pendingIndented);
  }

  /** Cuts a comment and takes parentheses away, both only outside of quotes. */
  #withoutComment(text: string): string {
    if (!/[;()"]/.test(text)) return text;
    let kept = '';
    let quoted = false;
    for (let i = 0; i < text.length; i++) {
      const character = text.charAt(i);
      if (character === '\\') {
        kept += text.slice(i, i + 2);
        i++;
        continue;
      }
      if (character === '"') quoted = !quoted;
      if (!quoted && character === ';') break;
      if (!quoted && character === '(') this.#depth++;
      else if (!quoted && character === ')') this.#depth = Math.max(0, this.#depth - 1);
      else kept += character;
    }
    return kept.trim();
  }

  #entry(text: string, indented: boolean): ZoneLine {
    const words = text.split(/[ \t]+/);
    if (text.startsWith('$')) return this.#directive(words);
    let at = 0;
    if (!indented) {
      this.#owner = this.#resolve(words[0] ?? '');
      at = 1;
    }
    // TTL and class come in either order, each once at most.
    for (let i = 0; i < 2; i++) if (isTtlOrClass(words, at)) at++;
    const type = words[at] ?? '';
    if (!TYPE.test(type) || at + 1 >= words.length) return { invalid: 'not a zone record' };
    if (this.#owner === null) return { invalid: 'a record without an owner' };
    // Without $ORIGIN, names are relative to the zone itself.
    if (type.toUpperCase() === 'SOA' && this.#firstOrigin === null) this.#origin = this.#owner;
    return {
      record: { owner: this.#owner, type: type.toUpperCase(), data: words.slice(at + 1) },
      resolve: (name) => this.#resolve(name),
    };
  }

  #directive(words: readonly string[]): ZoneLine {
    switch (words[0]?.toUpperCase()) {
      case '$ORIGIN': {
        if (words[1] === undefined) return { invalid: 'not a zone record' };
        this.#origin = this.#resolve(words[1]);
        this.#firstOrigin ??= this.#origin;
        return 'comment';
      }
      case '$TTL':
        return 'comment';
      case '$INCLUDE':
        return 'include';
      default:
        return { invalid: 'not a zone record' };
    }
  }

  #resolve(name: string): ZoneName {
    if (name === '@') return this.#origin;
    if (name.endsWith('.')) return { text: name.slice(0, -1).toLowerCase(), absolute: true };
    const { text, absolute } = this.#origin;
    return { text: (text === '' ? name : `${name}.${text}`).toLowerCase(), absolute };
  }
}

/** Whether the word is TTL or class and another one, the type, follows. */
const isTtlOrClass = (words: readonly string[], at: number): boolean => {
  const word = words[at];
  return word !== undefined && words[at + 1] !== undefined && (TTL.test(word) || CLASS.test(word));
};

/**
 * `name` without the zone's own name; null when it lies outside; empty for the zone's own name. Where nothing tells the
 * zone's name, generators write `bad.example.` and mean `bad.example`.
 */
export function withinZone(name: ZoneName, zone: ZoneName): string | null {
  if (name.absolute && !zone.absolute) return name.text;
  if (name.absolute !== zone.absolute) return null;
  if (zone.text === '') return name.text;
  if (name.text === zone.text) return '';
  return name.text.endsWith(`.${zone.text}`) ? name.text.slice(0, -zone.text.length - 1) : null;
}
