/** A small TLS ClientHello (RFC 8446 section 4.1.2), whole or in several records. Captured ones are wire's business. */
import { bytesOf } from './packets.ts';

const filled = (length: number, value: number): number[] => Array.from({ length }, () => value);
const u16 = (value: number): number[] => [value >> 8, value & 0xff];
const sized = (body: readonly number[]): number[] => [...u16(body.length), ...body];

/** `padding` bytes of a padding extension (RFC 7685) stand before the name. */
function clientHello(serverName: string, padding = 0): number[] {
  const name = sized([0, ...sized([...bytesOf(serverName)])]);
  const extensions = [
    ...u16(21),
    ...sized(filled(padding, 0)),
    ...u16(0),
    ...sized(name),
    ...u16(43),
    ...sized([2, 3, 4]),
  ];
  const body = [3, 3, ...filled(32, 7), 0, ...sized([0x13, 0x01]), 1, 0, ...sized(extensions)];
  return [1, 0, ...sized(body)];
}

const record = (content: readonly number[]): number[] => [22, 3, 1, ...sized(content)];

/** The message in `records` records of nearly equal length. */
export function hello(serverName: string, { records = 1, padding = 0 } = {}): Uint8Array {
  const message = clientHello(serverName, padding);
  const size = Math.ceil(message.length / records);
  const out: number[] = [];
  for (let at = 0; at < message.length; at += size) out.push(...record(message.slice(at, at + size)));
  return Uint8Array.from(out);
}
