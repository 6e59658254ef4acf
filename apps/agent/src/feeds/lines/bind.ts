/**
 * BIND configuration: `zone "name" { type master; file "null"; };`. A zone that this server answers for itself covers
 * the name and all below it.
 *
 * Easy to get wrong: the statement may span lines, and one line may hold several; a block that never closes must not
 * swallow the rest of the feed, so what is kept is bounded.
 */
import type { EntryRecorder } from '../entry-recorder.ts';
import type { LineParser, LineResult, ReadLine } from './line-parser.ts';
import type { InvalidReason } from './reasons.ts';

const MAX_STATEMENT = 4096;
const ZONE = /^zone\s+(?:"([^"]*)"|([^\s"{]+))\s*(?:IN\s*)?\{([^{}]*(?:\{[^{}]*\}[^{}]*)*)\}\s*;$/i;
const AUTHORITATIVE = /(?:^|[;\s])type\s+(?:master|primary)\s*;/i;

export function bindParser(): LineParser {
  const statements = new Statements();
  let inComment = false;

  const line: ReadLine = (bytes, start, end, out) => {
    const text = withoutComments(bytes.toString('utf8', start, end));
    if (text === '') return 'comment';
    const complete = statements.push(text);
    if (statements.isTooLong) {
      statements.clear();
      return 'unclosed bracket';
    }
    if (complete.length === 0) return 'comment';
    let invalid: InvalidReason | null = null;
    for (const statement of complete) invalid ??= recordStatement(statement, out);
    return invalid;
  };

  /** `#`, `//` and block comments, which may span lines. */
  function withoutComments(written: string): string {
    let text = written;
    let kept = '';
    for (;;) {
      if (inComment) {
        const close = text.indexOf('*/');
        if (close < 0) break;
        inComment = false;
        text = text.slice(close + 2);
      }
      const comment = /"[^"]*"|#|\/\/|\/\*/g;
      let found = comment.exec(text);
      while (found !== null && found[0].startsWith('"')) found = comment.exec(text);
      if (found === null) {
        kept += text;
        break;
      }
      kept += text.slice(0, found.index);
      if (found[0] !== '/*') break;
      inComment = true;
      text = text.slice(found.index + 2);
    }
    return kept.trim();
  }

  return { line, end: (): LineResult => (statements.isEmpty ? null : 'unclosed bracket') };
}

/** Cuts text at each `;` outside of quotes and brackets. Looks at every character once. */
class Statements {
  #pending = '';
  #depth = 0;
  #quoted = false;

  get isEmpty(): boolean {
    return this.#pending === '';
  }

  get isTooLong(): boolean {
    return this.#pending.length > MAX_STATEMENT;
  }

  /** The statements that end in `text`. */
  push(text: string): string[] {
    const complete: string[] = [];
    let from = 0;
    for (let i = 0; i < text.length; i++) {
      const character = text.charAt(i);
      if (character === '"') this.#quoted = !this.#quoted;
      else if (this.#quoted) continue;
      else if (character === '{') this.#depth++;
      else if (character === '}') this.#depth--;
      else if (character === ';' && this.#depth <= 0) {
        complete.push(`${this.#pending} ${text.slice(from, i + 1)}`.trim());
        this.clear();
        from = i + 1;
      }
    }
    const rest = text.slice(from).trim();
    if (rest !== '') this.#pending += this.#pending === '' ? rest : ` ${rest}`;
    return complete;
  }

  clear(): void {
    this.#pending = '';
    this.#depth = 0;
    this.#quoted = false;
  }
}

function recordStatement(statement: string, out: EntryRecorder): InvalidReason | null {
  if (/^include\b/.test(statement)) return out.skip('include');
  const zone = ZONE.exec(statement);
  if (zone === null) {
    return /^(?:options|acl|view|logging|controls|key|server|masters|primaries|statistics-channels)\b/.test(statement)
      ? out.skip('other-setting')
      : 'not a BIND zone statement';
  }
  if (!AUTHORITATIVE.test(zone[3] ?? '')) return out.skip('other-setting');
  const name = Buffer.from(zone[1] ?? zone[2] ?? '');
  return out.host(name, 0, name.length, 'suffix');
}
