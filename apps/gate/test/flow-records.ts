/** Records for tests of ring and link: plain ones, told apart by their sequence. */
import { decodeFlowRecord, type FlowRecord, flowRecordHead } from '@sallyport/contract/flow-record';

export const flowRecord = (sequence: number, urlLength = 0): FlowRecord => ({
  sequence,
  atMs: 1_700_000_000_000 + sequence,
  protocol: 6,
  hook: 'output',
  localAddress: Uint8Array.of(192, 0, 2, 1),
  localPort: 40_000,
  remoteAddress: Uint8Array.of(198, 51, 100, 7),
  remotePort: 443,
  name: new Uint8Array(0),
  nameSource: 'none',
  alpn: new Uint8Array(0),
  url: new Uint8Array(urlLength).fill(sequence & 0xff),
  ech: false,
  ambiguous: false,
  effect: 'pass',
  action: 'none',
  category: 'None',
  webCategory: null,
  confidence: null,
  uid: null,
  layer: 'none',
  matched: 'none',
  cause: 'policy',
  ruleId: '',
  ruleTitle: '',
});

/** One of `MAX_FLOW_RECORD` bytes. */
export const longestRecord = (sequence: number): FlowRecord => ({
  ...flowRecord(sequence, 1024),
  localAddress: new Uint8Array(16),
  remoteAddress: new Uint8Array(16),
  name: new Uint8Array(253),
  alpn: new Uint8Array(64),
  ruleId: 'i'.repeat(128),
  ruleTitle: 't'.repeat(256),
});

/** The sequences of records back to back; throws when one of them is damaged. */
export function sequencesOf(bytes: Uint8Array | null): number[] {
  const found: number[] = [];
  if (bytes === null) return found;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  for (let at = 0; at < bytes.length;) {
    const head = flowRecordHead(bytes, view, at);
    const record = head === null ? null : decodeFlowRecord(bytes.subarray(at, at + head.length));
    if (head === null || record === null) throw new Error(`damaged record at ${at}`);
    if (record.url.some((byte) => byte !== (head.sequence & 0xff))) throw new Error(`record ${head.sequence} is mixed`);
    found.push(head.sequence);
    at += head.length;
  }
  return found;
}
