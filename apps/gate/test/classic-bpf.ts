/**
 * Runs classic BPF programs in the text form of xt_bpf, as the kernel would on a packet that starts at its IP header
 * (filter.h, and `man 4 bpf`). Only what the gate's programs use is understood; anything else throws. A load outside the
 * packet ends the program with 0, as in the kernel.
 */
export function runClassicBpf(text: string, packet: Uint8Array): number {
  const [count, ...lines] = text.split(',');
  const program = lines.map((line) => line.split(' ').map(Number));
  if (Number(count) !== program.length) throw new Error(`says ${count} instructions, has ${program.length}`);
  const view = new DataView(packet.buffer, packet.byteOffset, packet.byteLength);
  let a = 0;
  let x = 0;
  for (let at = 0; at < program.length; at++) {
    const [code = -1, jt = 0, jf = 0, k = 0] = program[at] ?? [];
    const jump = (taken: boolean): void => void (at += taken ? jt : jf);
    switch (code) {
      case 0x06: // ret #k
        return k;
      case 0x30: // ldb [k]
        if (k >= packet.length) return 0;
        a = view.getUint8(k);
        break;
      case 0x50: // ldb [x + k]
        if (x + k >= packet.length) return 0;
        a = view.getUint8(x + k);
        break;
      case 0x80: // ld len
        a = packet.length;
        break;
      case 0xb1: // ldxb 4 * ([k] & 0xf)
        if (k >= packet.length) return 0;
        x = 4 * (view.getUint8(k) & 0xf);
        break;
      case 0x07: // tax
        x = a;
        break;
      case 0x04: // add #k
        a = (a + k) >>> 0;
        break;
      case 0x0c: // add x
        a = (a + x) >>> 0;
        break;
      case 0x54: // and #k
        a = (a & k) >>> 0;
        break;
      case 0x74: // rsh #k
        a >>>= k;
        break;
      case 0x15: // jeq #k
        jump(a === k);
        break;
      case 0x2d: // jgt x
        jump(a > x);
        break;
      default:
        throw new Error(`instruction ${at}: unknown code ${code}`);
    }
  }
  throw new Error('ran off the end');
}
