/** Builds ClientHellos and TLS records byte by byte, for tests and the bench. Real captures are in the corpus test. */

export interface HelloShape {
  readonly serverName?: string | null;
  readonly alpn?: readonly string[];
  readonly groups?: readonly number[];
  readonly versions?: readonly number[];
  /** Key share entries as [group, size]. */
  readonly shares?: readonly (readonly [number, number])[];
  /** Further extensions as [type, body], put first. */
  readonly extra?: readonly (readonly [number, readonly number[]])[];
}

const u16 = (value: number): number[] => [value >> 8, value & 0xff];
export const latin1 = (text: string): number[] => Array.from(text, (character) => character.charCodeAt(0));
export const bytesOf = (text: string): Uint8Array => Uint8Array.from(latin1(text));
export const textOf = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : String.fromCharCode(...bytes);

const withLength = (body: readonly number[]): number[] => [...u16(body.length), ...body];

const extension = (type: number, body: readonly number[]): number[] => [...u16(type), ...withLength(body)];

export const serverNameBody = (name: string): number[] => withLength([0, ...withLength(latin1(name))]);

/** Handshake message with its four-byte header. */
export function helloMessage(shape: HelloShape = {}): number[] {
  const { serverName = 'www.example.com', alpn = ['h2', 'http/1.1'], groups = [29, 23], versions = [0x0304] } = shape;
  const extensions = (shape.extra ?? []).flatMap(([type, body]) => extension(type, body));
  if (serverName !== null) extensions.push(...extension(0, serverNameBody(serverName)));
  if (groups.length > 0) extensions.push(...extension(10, withLength(groups.flatMap(u16))));
  if (alpn.length > 0) {
    extensions.push(
      ...extension(16, withLength(alpn.flatMap((name) => latin1(String.fromCharCode(name.length) + name)))),
    );
  }
  if (versions.length > 0) extensions.push(...extension(43, [versions.length * 2, ...versions.flatMap(u16)]));
  const shares = (shape.shares ?? []).flatMap(([group, size]) => u16(group).concat(withLength(filler(size))));
  if (shares.length > 0) extensions.push(...extension(51, withLength(shares)));
  return handshake(helloBody(extensions));
}

export const helloBody = (extensions: readonly number[]): number[] => [
  3,
  3,
  ...filler(32),
  32,
  ...filler(32),
  ...withLength([0x13, 0x01, 0x13, 0x02, 0xc0, 0x2f]),
  1,
  0,
  ...withLength(extensions),
];

export const handshake = (body: readonly number[]): number[] => [1, 0, ...withLength(body)];

/** Bytes without meaning. */
export const filler = (size: number): number[] => Array.from({ length: size }, (_, index) => (index * 37 + 11) & 0xff);

export const record = (content: readonly number[], type = 22, minor = 1): number[] => [
  type,
  3,
  minor,
  ...withLength(content),
];

/** The message in records that end at the given positions of the message. */
export function inRecords(message: readonly number[], cuts: readonly number[] = []): Uint8Array {
  const edges = [0, ...[...new Set(cuts)].filter((cut) => cut > 0 && cut < message.length).toSorted((a, b) => a - b)];
  const pieces = edges.map((edge, index) => message.slice(edge, edges[index + 1] ?? message.length));
  return Uint8Array.from(pieces.flatMap((piece) => record(piece)));
}

/** About 1.8 kB, as browsers send it. */
export const postQuantumHello = (): Uint8Array =>
  inRecords(
    helloMessage({
      serverName: 'www.example.com',
      groups: [0x0a0a, 0x11ec, 29, 23, 24],
      versions: [0x2a2a, 0x0304, 0x0303],
      shares: [
        [0x0a0a, 1],
        [0x11ec, 1216],
        [29, 32],
      ],
      extra: [
        [0x1a1a, []],
        [65_037, filler(378)],
      ],
    }),
  );

/** The same bytes inside a bigger buffer full of other ones: reading outside the view changes the result. */
export function embedded(bytes: Uint8Array, around = 0x41): Uint8Array {
  const buffer = new Uint8Array(bytes.length + 64).fill(around);
  buffer.set(bytes, 32);
  return buffer.subarray(32, 32 + bytes.length);
}
