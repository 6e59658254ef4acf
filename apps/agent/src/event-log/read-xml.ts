/**
 * A strict reader for the XML of view files: elements, attributes, text, comments, CDATA, and the references that XML
 * itself defines. No document types, no processing instructions, no namespaces: nothing that a view file needs, and
 * nothing that could name another file or grow.
 *
 * Easy to get wrong: what is read keeps the place where each character stood, so that a mistake deep inside a query
 * can be shown where the user will look for it, whatever references stand before it.
 */
import { quote } from '../indicators/quote.ts';
import { ViewError } from './view-error.ts';

/** Text and where it came from. */
export interface SourceText {
  readonly text: string;
  /** The file's offset of the character at `index`. */
  offsetAt(index: number): number;
}

export interface SourceElement {
  readonly name: string;
  readonly offset: number;
  readonly attributes: ReadonlyMap<string, SourceText>;
  readonly children: readonly SourceElement[];
  /** Its own text, that of children left out. */
  readonly text: SourceText;
}

const MAX_DEPTH = 32;
const MAX_ELEMENTS = 20_000;

const NAME = /[A-Za-z_][A-Za-z0-9_.:-]*/y;
const SPACE = /[ \t\r\n]*/y;
const DECLARATION = /<\?xml[ \t\r\n][^<>]*?\?>/y;
const REFERENCE = /&(?:#x([0-9A-Fa-f]{1,6})|#([0-9]{1,7})|([A-Za-z]+));/y;
const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" };

/** The root element. Throws ViewError. */
export function readXml(text: string): SourceElement {
  return new Reader(text).document();
}

class Pieces implements SourceText {
  text = '';
  /** Ascending: the text from `at` on stood at `from`. */
  readonly #starts: { readonly at: number; readonly from: number }[] = [];
  readonly #origin: number;

  /** `origin`: where it would begin. */
  constructor(origin: number) {
    this.#origin = origin;
  }

  add(piece: string, from: number): void {
    if (piece === '') return;
    this.#starts.push({ at: this.text.length, from });
    this.text += piece;
  }

  offsetAt(index: number): number {
    const start = this.#starts.findLast(({ at }) => at <= index);
    return start === undefined ? this.#origin : start.from + index - start.at;
  }
}

class Reader {
  readonly #source: string;
  #at = 0;
  #elements = 0;

  constructor(source: string) {
    this.#source = source;
  }

  document(): SourceElement {
    this.#match(DECLARATION);
    this.#miscellaneous();
    const root = this.#element(1);
    this.#miscellaneous();
    if (this.#at < this.#source.length) this.#fail('nothing may follow the end of the document');
    return root;
  }

  /** Blanks and comments around the root element. */
  #miscellaneous(): void {
    do this.#match(SPACE);
    while (this.#comment());
  }

  #comment(): boolean {
    if (!this.#source.startsWith('<!--', this.#at)) return false;
    const end = this.#source.indexOf('-->', this.#at + 4);
    if (end < 0) this.#fail('a comment has no end');
    this.#at = end + 3;
    return true;
  }

  #element(depth: number): SourceElement {
    const offset = this.#at;
    if (this.#source.startsWith('<!DOCTYPE', offset)) this.#fail('document types are not read');
    if (this.#source.startsWith('<?', offset)) this.#fail('processing instructions are not read');
    if (this.#source[offset] !== '<') this.#fail('an element is missing here: this is no XML');
    if (depth > MAX_DEPTH) this.#fail(`elements are nested more than ${MAX_DEPTH} deep`);
    if (++this.#elements > MAX_ELEMENTS) this.#fail(`there are more than ${MAX_ELEMENTS} elements`);
    this.#at++;
    const name = this.#match(NAME);
    if (name === '') this.#fail('the name of an element is missing here');
    const attributes = this.#attributes(name);
    const children: SourceElement[] = [];
    const isEmpty = this.#source.startsWith('/>', this.#at);
    if (isEmpty) this.#at += 2;
    else this.#expect('>');
    const text = new Pieces(this.#at);
    if (!isEmpty) this.#content(name, offset, depth, children, text);
    return { name, offset, attributes, children, text };
  }

  #attributes(element: string): ReadonlyMap<string, SourceText> {
    const attributes = new Map<string, SourceText>();
    for (;;) {
      const hasSpace = this.#match(SPACE) !== '';
      const offset = this.#at;
      const name = this.#match(NAME);
      if (name === '') return attributes;
      if (!hasSpace) this.#fail('a blank is missing here', offset);
      if (attributes.has(name)) this.#fail(`${element} has the attribute ${name} twice`, offset);
      this.#match(SPACE);
      this.#expect('=');
      this.#match(SPACE);
      const mark = this.#source[this.#at];
      if (mark !== '"' && mark !== "'") this.#fail(`the value of ${name} has no quotation mark`);
      this.#at++;
      const value = new Pieces(this.#at);
      while (this.#source[this.#at] !== mark) this.#character(value, `the value of ${name} has no end`);
      this.#at++;
      attributes.set(name, value);
    }
  }

  #content(name: string, offset: number, depth: number, children: SourceElement[], text: Pieces): void {
    for (;;) {
      if (this.#source.startsWith('</', this.#at)) break;
      if (this.#comment()) continue;
      if (this.#source.startsWith('<![CDATA[', this.#at)) this.#cdata(text);
      else if (this.#source[this.#at] === '<') children.push(this.#element(depth + 1));
      else this.#character(text, `<${name}> has no end`, offset);
    }
    const endAt = this.#at;
    this.#at += 2;
    const ended = this.#match(NAME);
    if (ended !== name) this.#fail(`</${name}> is missing here`, endAt);
    this.#match(SPACE);
    this.#expect('>');
  }

  #cdata(text: Pieces): void {
    const from = this.#at + 9;
    const end = this.#source.indexOf(']]>', from);
    if (end < 0) this.#fail('a CDATA section has no end');
    text.add(this.#source.slice(from, end), from);
    this.#at = end + 3;
  }

  /** A run of plain characters, or one reference. */
  #character(into: Pieces, whenOver: string, overAt = this.#source.length): void {
    const from = this.#at;
    if (from >= this.#source.length) this.#fail(whenOver, overAt);
    if (this.#source[from] === '<') this.#fail("'<' must be written &lt; here");
    if (this.#source[from] === '&') return into.add(this.#reference(), from);
    while (this.#at < this.#source.length && !'<&"\''.includes(this.#source.charAt(this.#at))) this.#at++;
    // A quotation mark: the caller has seen that it does not end anything.
    if (this.#at === from) this.#at++;
    return into.add(this.#source.slice(from, this.#at), from);
  }

  #reference(): string {
    REFERENCE.lastIndex = this.#at;
    const [whole, hex, decimal, name] = REFERENCE.exec(this.#source) ?? [];
    if (whole === undefined) this.#fail("'&' must be written &amp; here");
    const code = hex === undefined ? Number(decimal ?? Number.NaN) : Number.parseInt(hex, 16);
    const isCharacter = code === 9 || code === 10 || code === 13 || (code >= 32 && code <= 0x10ffff);
    const character = name === undefined ? (isCharacter ? String.fromCodePoint(code) : undefined) : ENTITIES[name];
    if (character === undefined || (code >= 0xd800 && code <= 0xdfff)) this.#fail(`${whole} is not known`);
    this.#at += whole.length;
    return character;
  }

  #match(pattern: RegExp): string {
    pattern.lastIndex = this.#at;
    const found = pattern.exec(this.#source)?.[0] ?? '';
    this.#at += found.length;
    return found;
  }

  #expect(character: string): void {
    if (this.#source[this.#at] !== character) {
      const found = this.#source.charAt(this.#at);
      this.#fail(
        found === ''
          ? `the file ends where '${character}' is missing`
          : `'${character}' is missing before ${quote(found)}`,
      );
    }
    this.#at++;
  }

  #fail(message: string, offset = this.#at): never {
    throw new ViewError(message, offset);
  }
}
