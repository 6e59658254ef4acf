/**
 * Reads a compiled eBPF object: ELF64, little-endian, as `build.sh` makes it. Pure: bytes in, values out.
 *
 * Maps are described in the section `maps`, five words each (`struct map_definition` in connect.bpf.c), not by BTF.
 * Easy to get wrong: an instruction that names a map is two slots long and gets the map's descriptor only when the
 * program is loaded; until then the object says where, in a relocation.
 */

export interface BpfMap {
  readonly name: string;
  readonly type: number;
  readonly keyBytes: number;
  readonly valueBytes: number;
  readonly maxEntries: number;
  readonly flags: number;
}

export interface BpfProgram {
  /** Name of its section, which says what it attaches to: `cgroup/connect4`. */
  readonly section: string;
  /** 8 bytes each; a view into the object. */
  readonly instructions: Uint8Array;
  readonly references: readonly {
    /** Index of the instruction that wants the map. */
    readonly instruction: number;
    /** Index into `maps`. */
    readonly map: number;
  }[];
}

export interface BpfObject {
  readonly license: string;
  /** SHA-256 of the text it was compiled from and the compiler, separated by a space. */
  readonly source: string;
  readonly maps: readonly BpfMap[];
  readonly programs: readonly BpfProgram[];
}

export type ReadObject =
  | { readonly kind: 'ok'; readonly object: BpfObject }
  | { readonly kind: 'broken'; readonly reason: string };

const MAGIC = 0x7f454c46;
const CLASS_64 = 2;
const LITTLE_ENDIAN = 1;
const MACHINE_BPF = 247;
const HEADER = 64;
const SECTION_HEADER = 64;
const SYMBOL = 24;
const RELOCATION = 16;
const TYPE_PROGBITS = 1;
const TYPE_SYMTAB = 2;
const TYPE_REL = 9;
const FLAG_EXECUTABLE = 4n;
const R_BPF_64_64 = 1;
const MAP_DEFINITION = 20;
const INSTRUCTION = 8;
/** BPF_LD | BPF_IMM | BPF_DW */
const LOAD_64 = 0x18;
const MAX_SECTIONS = 64;

interface Section {
  readonly name: string;
  readonly type: number;
  readonly flags: bigint;
  readonly bytes: Uint8Array;
  /** Index of a section that this one refers to: of a symbol table its names, of relocations their symbols. */
  readonly link: number;
  /** Of relocations: the section that they change. */
  readonly info: number;
}

interface Symbol {
  readonly name: string;
  readonly section: number;
  readonly value: bigint;
}

export function readBpfObject(bytes: Uint8Array): ReadObject {
  const sections = readSections(bytes);
  if (typeof sections === 'string') return { kind: 'broken', reason: sections };
  const text = (name: string): string => textAt(sections.find((section) => section.name === name)?.bytes, 0);
  const mapsAt = sections.findIndex(({ name }) => name === 'maps');
  const symbols = readSymbols(sections);
  const maps = readMaps(sections[mapsAt]?.bytes ?? new Uint8Array(0), (offset) => {
    const symbol = symbols.find(({ section, value }) => section === mapsAt && value === BigInt(offset));
    return symbol?.name ?? '';
  });
  const programs: BpfProgram[] = [];
  for (const [index, section] of sections.entries()) {
    if (section.type !== TYPE_PROGBITS || (section.flags & FLAG_EXECUTABLE) === 0n) continue;
    if (section.bytes.length === 0) continue;
    if (section.bytes.length % INSTRUCTION !== 0) return { kind: 'broken', reason: `${section.name} is cut short` };
    const references: BpfProgram['references'][number][] = [];
    for (const { type, info, bytes: relocations } of sections) {
      if (type !== TYPE_REL || info !== index) continue;
      const read = readReferences(relocations, section.bytes, symbols, mapsAt, maps.length);
      if (typeof read === 'string') return { kind: 'broken', reason: `${section.name}: ${read}` };
      references.push(...read);
    }
    programs.push({ section: section.name, instructions: section.bytes, references });
  }
  if (programs.length === 0) return { kind: 'broken', reason: 'there is no program in it' };
  return { kind: 'ok', object: { license: text('license'), source: text('source').trim(), maps, programs } };
}

/** The sections, or why there are none. */
function readSections(bytes: Uint8Array): readonly Section[] | string {
  if (bytes.length < HEADER) return 'shorter than an ELF header';
  const view = viewOf(bytes);
  if (view.getUint32(0, false) !== MAGIC) return 'no ELF file';
  if (bytes[4] !== CLASS_64 || bytes[5] !== LITTLE_ENDIAN) return 'not 64 bits little-endian';
  if (view.getUint16(18, true) !== MACHINE_BPF) return 'not for the machine bpf';
  const at = view.getBigUint64(40, true);
  const count = view.getUint16(60, true);
  const namesAt = view.getUint16(62, true);
  if (view.getUint16(58, true) !== SECTION_HEADER || count > MAX_SECTIONS) return 'unknown section headers';
  const headers = slice(bytes, at, BigInt(count * SECTION_HEADER));
  if (headers === null) return 'section headers lie outside of the file';
  const header = viewOf(headers);
  const contents: Uint8Array[] = [];
  for (let index = 0; index < count; index++) {
    const start = index * SECTION_HEADER;
    const [offset, size] = [header.getBigUint64(start + 24, true), header.getBigUint64(start + 32, true)];
    const content = slice(bytes, offset, size);
    if (content === null) return `section ${index} lies outside of the file`;
    contents.push(content);
  }
  return contents.map((content, index) => {
    const start = index * SECTION_HEADER;
    return {
      name: textAt(contents[namesAt], header.getUint32(start, true)),
      type: header.getUint32(start + 4, true),
      flags: header.getBigUint64(start + 8, true),
      bytes: content,
      link: header.getUint32(start + 40, true),
      info: header.getUint32(start + 44, true),
    };
  });
}

function readSymbols(sections: readonly Section[]): readonly Symbol[] {
  const table = sections.find(({ type }) => type === TYPE_SYMTAB);
  if (table === undefined) return [];
  const view = viewOf(table.bytes);
  const names = sections[table.link]?.bytes;
  return Array.from({ length: Math.floor(table.bytes.length / SYMBOL) }, (_, index) => ({
    name: textAt(names, view.getUint32(index * SYMBOL, true)),
    section: view.getUint16(index * SYMBOL + 6, true),
    value: view.getBigUint64(index * SYMBOL + 8, true),
  }));
}

function readMaps(bytes: Uint8Array, nameAt: (offset: number) => string): readonly BpfMap[] {
  const view = viewOf(bytes);
  return Array.from({ length: Math.floor(bytes.length / MAP_DEFINITION) }, (_, index) => {
    const start = index * MAP_DEFINITION;
    const [type = 0, keyBytes = 0, valueBytes = 0, maxEntries = 0, flags = 0] = [0, 4, 8, 12, 16].map((offset) =>
      view.getUint32(start + offset, true),
    );
    return { name: nameAt(start), type, keyBytes, valueBytes, maxEntries, flags };
  });
}

/** Which instructions want which map, or what else is wanted there. */
function readReferences(
  relocations: Uint8Array,
  code: Uint8Array,
  symbols: readonly Symbol[],
  mapsAt: number,
  mapCount: number,
): BpfProgram['references'] | string {
  const references: BpfProgram['references'][number][] = [];
  const view = viewOf(relocations);
  for (let at = 0; at + RELOCATION <= relocations.length; at += RELOCATION) {
    const offset = Number(view.getBigUint64(at, true));
    const type = view.getUint32(at + 8, true);
    const symbol = symbols[view.getUint32(at + 12, true)];
    if (type !== R_BPF_64_64 || symbol?.section !== mapsAt) return 'refers to something that is no map';
    const map = Number(symbol.value) / MAP_DEFINITION;
    if (!Number.isInteger(map) || map >= mapCount) return 'refers to a map that is not there';
    if (offset % INSTRUCTION !== 0 || offset + 2 * INSTRUCTION > code.length || code[offset] !== LOAD_64) {
      return 'a reference is no instruction that loads a map';
    }
    references.push({ instruction: offset / INSTRUCTION, map });
  }
  return references;
}

function slice(bytes: Uint8Array, offset: bigint, length: bigint): Uint8Array | null {
  if (offset + length > BigInt(bytes.length)) return null;
  return bytes.subarray(Number(offset), Number(offset + length));
}

/** Up to the zero byte; empty where there is none. */
function textAt(bytes: Uint8Array | undefined, start: number): string {
  const end = bytes?.indexOf(0, start) ?? -1;
  if (bytes === undefined || end === -1) return '';
  return String.fromCharCode(...bytes.subarray(start, Math.min(end, start + MAX_TEXT)));
}

const MAX_TEXT = 256;

const viewOf = (bytes: Uint8Array): DataView => new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
