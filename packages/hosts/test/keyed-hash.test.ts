/** The streaming hash against a plain reading of the reference algorithm, which in turn meets published vectors. */
import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import fc from 'fast-check';

import { KeyedHash } from '../src/keyed-hash.ts';
import { SuffixHashes } from '../src/suffix-hashes.ts';

/** HalfSipHash-c-d, 64 bits out, as eight bytes in hexadecimal. */
function reference(c: number, d: number, k0: number, k1: number, input: Uint8Array): string {
  const v = [k0, k1 ^ 0xee, k0 ^ 0x6c796765, k1 ^ 0x74656462] as [number, number, number, number];
  const rotate = (word: number, by: number): number => (word << by) | (word >>> (32 - by));
  const rounds = (count: number): void => {
    for (let i = 0; i < count; i++) {
      v[0] = (v[0] + v[1]) | 0;
      v[1] = rotate(v[1], 5) ^ v[0];
      v[0] = rotate(v[0], 16);
      v[2] = (v[2] + v[3]) | 0;
      v[3] = rotate(v[3], 8) ^ v[2];
      v[0] = (v[0] + v[3]) | 0;
      v[3] = rotate(v[3], 7) ^ v[0];
      v[2] = (v[2] + v[1]) | 0;
      v[1] = rotate(v[1], 13) ^ v[2];
      v[2] = rotate(v[2], 16);
    }
  };
  const padded = Buffer.alloc(Math.floor(input.length / 4) * 4 + 4);
  padded.set(input);
  padded[padded.length - 1] = input.length;
  for (let at = 0; at < padded.length; at += 4) {
    const word = padded.readInt32LE(at);
    v[3] ^= word;
    rounds(c);
    v[0] ^= word;
  }
  const out = Buffer.alloc(8);
  v[2] ^= 0xee;
  rounds(d);
  out.writeInt32LE(v[1] ^ v[3], 0);
  v[1] ^= 0xdd;
  rounds(d);
  out.writeInt32LE(v[1] ^ v[3], 4);
  return out.toString('hex');
}

suite('KeyedHash', () => {
  test('the reference meets the vectors of HalfSipHash-2-4-64', () => {
    const counting = (length: number): Uint8Array => Uint8Array.from({ length }, (_, i) => i);
    const vectors = [
      { length: 0, want: '218d1f59b9b83cc8' },
      { length: 1, want: 'be552412f8387315' },
      { length: 5, want: 'cb9d7c3f2f3db580' },
      { length: 8, want: 'edfee820bce4858c' },
    ];
    for (const { length, want } of vectors) {
      assert.equal(reference(2, 4, 0x03020100, 0x07060504, counting(length)), want);
    }
  });

  test('equals the reference at every prefix, whatever was digested before', () => {
    const property = fc.property(fc.uint8Array({ maxLength: 300 }), fc.integer(), fc.integer(), (bytes, k0, k1) => {
      const hash = new KeyedHash(k0, k1);
      hash.absorb(1);
      hash.digest();
      hash.reset();
      for (let length = 0; length <= bytes.length; length++) {
        hash.digest();
        const out = Buffer.alloc(8);
        out.writeInt32LE(hash.lo, 0);
        out.writeInt32LE(hash.hi, 4);
        assert.equal(out.toString('hex'), reference(1, 3, k0, k1, bytes.subarray(0, length)));
        hash.absorb(bytes[length] ?? 0);
      }
    });
    fc.assert(property, { numRuns: 50 });
  });
});

test('SuffixHashes gives what KeyedHash gives at each label', () => {
  const property = fc.property(
    fc.uint8Array({ maxLength: 60 }).map((raw) => raw.map((byte) => (byte % 5 === 0 ? 0x2e : byte))),
    fc.tuple(fc.integer(), fc.integer()),
    fc.nat(5),
    (name, key, from) => {
      const start = Math.min(from, name.length);
      const hashes = new SuffixHashes(...key);
      const count = hashes.read(name, start, name.length, 0xffffffff, true);
      const starts = [...name.keys()].filter((i) => i > start && name[i - 1] === 0x2e);
      // The byte before the first asked one may be a dot of somebody else's name.
      const expected = [start, ...starts, ...(name.length > start && name.at(-1) === 0x2e ? [name.length] : [])];
      assert.deepEqual([...hashes.starts.subarray(0, count)].reverse(), expected);
      for (let i = 0; i < count; i++) {
        const hash = new KeyedHash(...key);
        for (let at = name.length - 1; at >= (hashes.starts[i] ?? 0); at--) {
          const byte = name[at] ?? 0;
          hash.absorb(byte >= 0x41 && byte <= 0x5a ? byte + 0x20 : byte);
        }
        hash.digest();
        assert.deepEqual([hashes.his[i], hashes.los[i]], [hash.hi, hash.lo]);
      }
    },
  );
  fc.assert(property, { numRuns: 500 });
});
