/**
 * The outer form of Suricata and Snort rules: `action protocol source ports direction destination ports (options)`.
 *
 * Easy to get wrong: `;` and `)` may stand inside quotes or behind a backslash, lists in brackets may hold blanks, and
 * Snort 3 has rules without addresses (`alert http (…)`).
 */
export interface RuleHeader {
  readonly action: string;
  readonly protocol: string;
  /** `any` in rules without addresses. */
  readonly source: string;
  readonly sourcePort: string;
  readonly destination: string;
  readonly destinationPort: string;
}

export interface RuleOption {
  /** Lower case. */
  readonly name: string;
  /** As written, null when there is none. */
  readonly value: string | null;
}

export interface Rule {
  readonly header: RuleHeader;
  readonly options: readonly RuleOption[];
}

const RULE_ACTION = /^(?:alert|block|drop|sdrop|reject|rejectsrc|rejectdst|rejectboth|pass|log|react|rewrite|config)\s/;
const DIRECTION = /^(?:->|<>|<-|=>)$/;

/** Null when the text is no rule, `'no options'` when it is one without parentheses. */
export function parseRule(text: string): Rule | 'no options' | null {
  if (!RULE_ACTION.test(text)) return null;
  const open = text.indexOf('(');
  if (open < 0 || !text.endsWith(')')) return 'no options';
  const header = parseHeader(text.slice(0, open));
  const options = parseOptions(text.slice(open + 1, -1));
  return header === null || options === null ? null : { header, options };
}

function parseHeader(text: string): RuleHeader | null {
  const words = headerWords(text);
  const [action = '', protocol = '', source, sourcePort, direction, destination, destinationPort] = words;
  if (words.length === 2) {
    return { action, protocol, source: 'any', sourcePort: 'any', destination: 'any', destinationPort: 'any' };
  }
  if (words.length !== 7 || direction === undefined || !DIRECTION.test(direction)) return null;
  if (source === undefined || sourcePort === undefined || destination === undefined || destinationPort === undefined)
    return null;
  return { action, protocol, source, sourcePort, destination, destinationPort };
}

/** Splits at blanks outside of brackets; blanks inside are dropped. */
function headerWords(text: string): string[] {
  const words: string[] = [];
  let word = '';
  let depth = 0;
  for (const character of text) {
    if (character === ' ' || character === '\t') {
      if (depth > 0 || word === '') continue;
      words.push(word);
      word = '';
      continue;
    }
    if (character === '[') depth++;
    else if (character === ']') depth--;
    word += character;
  }
  if (word !== '') words.push(word);
  return words;
}

/** Null when a quote does not end. */
function parseOptions(text: string): RuleOption[] | null {
  const options: RuleOption[] = [];
  let quoted = false;
  let start = 0;
  for (let i = 0; i <= text.length; i++) {
    const character = text.charAt(i);
    if (character === '\\') {
      i++;
    } else if (character === '"') {
      quoted = !quoted;
    } else if ((character === ';' && !quoted) || i === text.length) {
      const option = text.slice(start, i).trim();
      start = i + 1;
      if (option === '') continue;
      const colon = option.indexOf(':');
      // Snort 3 separates some keywords from their argument by a blank: `bufferlen:5`, but `http_header: field host`.
      options.push(
        colon < 0
          ? { name: option.toLowerCase(), value: null }
          : { name: option.slice(0, colon).trim().toLowerCase(), value: option.slice(colon + 1).trim() },
      );
    }
  }
  return quoted ? null : options;
}

export interface Content {
  readonly negated: boolean;
  /** One character a byte. */
  readonly text: string;
  /** Modifiers after the quotes, as Snort 3 writes them: `nocase`, `depth 10`. */
  readonly modifiers: readonly string[];
}

/** `!"text|0d 0a|",nocase`; null when malformed. */
export function parseContent(value: string): Content | null {
  const parts = /^(!?)\s*"((?:[^"\\]|\\.)*)"\s*(?:,(.*))?$/.exec(value);
  if (parts === null) return null;
  const text = unescape(parts[2] ?? '');
  if (text === null || text === '') return null;
  const modifiers = (parts[3] ?? '').split(',').flatMap((modifier) => modifier.trim().toLowerCase() || []);
  return { negated: parts[1] === '!', text, modifiers };
}

/** Backslash escapes and `|hex bytes|`. */
function unescape(raw: string): string | null {
  let text = '';
  for (let i = 0; i < raw.length; i++) {
    const character = raw.charAt(i);
    if (character === '\\') {
      text += raw.charAt(++i);
    } else if (character === '|') {
      const close = raw.indexOf('|', i + 1);
      const hex = close < 0 ? '' : raw.slice(i + 1, close).replaceAll(/\s/g, '');
      if (!/^(?:[0-9a-f]{2})+$/i.test(hex)) return null;
      text += Buffer.from(hex, 'hex').toString('latin1');
      i = close;
    } else {
      text += character;
    }
  }
  return text;
}
