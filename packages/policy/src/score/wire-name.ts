/**
 * A name taken apart: lower-case bytes, label bounds, and where the registrable label is. One object is filled again
 * for each name, so that scoring allocates nothing.
 *
 * Easy to get wrong: `registrable` is a guess from a short list of suffixes (suffixes.ts), not the Public Suffix
 * List.
 */
import { HOSTING_SUFFIXES, SECOND_LEVEL_LABELS, TWO_LABEL_SUFFIXES } from './suffixes.ts';
import { WordTable } from './word-table.ts';

/** RFC 1035 2.3.4, without the root's dot. */
const MAX_NAME_BYTES = 253;
const MAX_LABELS = 127;
const DOT = 0x2e;

const secondLevel = new WordTable(SECOND_LEVEL_LABELS);
const twoLabels = new WordTable(TWO_LABEL_SUFFIXES);
const onion = new WordTable(['onion']);
const hosting = new WordTable(HOSTING_SUFFIXES);
/** The most labels of an entry of HOSTING_SUFFIXES. */
const MOST_HOSTING_LABELS = 4;

export class WireName {
  /** Lower case for ASCII, everything else as on the wire. */
  readonly bytes = new Uint8Array(MAX_NAME_BYTES + 1);
  /** Without a trailing dot. */
  length = 0;
  labels = 0;
  readonly starts = new Uint8Array(MAX_LABELS);
  readonly ends = new Uint8Array(MAX_LABELS);
  /** Label number of the registrable label (`example` of `www.example.co.uk`). */
  registrable = 0;
  /** The suffix is one under which names cost nothing (hosting, dynamic DNS). */
  hosted = false;
  /** Some label has non-ASCII bytes or begins with `xn--`. */
  international = false;

  /** False when this is no host name of two labels or more: too long, an empty label, an IPv4 address. */
  read(name: Uint8Array): boolean {
    let length = name.length;
    if (length > 0 && name[length - 1] === DOT) length--;
    if (length === 0 || length > MAX_NAME_BYTES) return false;
    const { bytes } = this;
    let labels = 0;
    let start = 0;
    let digitsOnly = true;
    this.international = false;
    for (let i = 0; i <= length; i++) {
      let byte = i < length ? (name[i] ?? 0) : DOT;
      if (byte === DOT) {
        if (i === start || labels === MAX_LABELS) return false;
        this.starts[labels] = start;
        this.ends[labels] = i;
        labels++;
        if (i - start > 4 && isPunycodePrefix(bytes, start)) this.international = true;
        start = i + 1;
      } else {
        if (byte >= 0x41 && byte <= 0x5a) byte |= 0x20;
        else if (byte >= 0x80) this.international = true;
        if (byte < 0x30 || byte > 0x39) digitsOnly = false;
      }
      bytes[i] = byte;
    }
    if (labels < 2 || digitsOnly) return false;
    this.length = length;
    this.labels = labels;
    this.#findRegistrable();
    return true;
  }

  /** Names under `.onion` are keys (RFC 7686), random by nature. */
  isOnion(): boolean {
    return onion.find(this.bytes, this.#start(this.labels - 1), this.length) >= 0;
  }

  #findRegistrable(): void {
    const { labels, length } = this;
    this.hosted = false;
    for (let count = Math.min(MOST_HOSTING_LABELS, labels - 1); count >= 2; count--) {
      if (hosting.find(this.bytes, this.#start(labels - count), length) < 0) continue;
      this.hosted = true;
      this.registrable = labels - count - 1;
      return;
    }
    this.registrable = labels - 2;
    if (labels < 3 || length - this.#start(labels - 1) !== 2) return;
    const start = this.#start(labels - 2);
    if (
      secondLevel.find(this.bytes, start, this.ends[labels - 2] ?? 0) >= 0 ||
      twoLabels.find(this.bytes, start, length) >= 0
    ) {
      this.registrable--;
    }
  }

  #start(label: number): number {
    return this.starts[label] ?? 0;
  }
}

export function isPunycodePrefix(bytes: Uint8Array, start: number): boolean {
  return bytes[start] === 0x78 && bytes[start + 1] === 0x6e && bytes[start + 2] === 0x2d && bytes[start + 3] === 0x2d;
}
