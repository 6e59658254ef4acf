/** A fresh state directory for a test, and flow records to put into it. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { encodeFlowRecord, type FlowRecord, MAX_FLOW_RECORD } from '@sallyport/contract/flow-record';

import { type StateDirectory, stateDirectory } from '../src/state/state-directory.ts';

export interface TemporaryState extends Disposable {
  readonly root: string;
  readonly directory: StateDirectory;
}

export function temporaryState(): TemporaryState {
  const root = mkdtempSync(join(tmpdir(), 'sallyport-agent-'));
  return {
    root,
    directory: stateDirectory(root),
    [Symbol.dispose]: () => rmSync(root, { recursive: true, force: true }),
  };
}

export const AT_MS = Date.UTC(2026, 0, 2, 3, 4, 5);

/** An allowed TLS connection to `example.com`, made AT_MS; override what matters. */
export const flowRecord = (sequence: number, override: Partial<FlowRecord> = {}): FlowRecord => ({
  sequence,
  atMs: AT_MS,
  protocol: 6,
  hook: 'output',
  localAddress: Uint8Array.of(192, 168, 1, 2),
  localPort: 40_000,
  remoteAddress: Uint8Array.of(93, 184, 216, 34),
  remotePort: 443,
  name: Buffer.from('example.com'),
  nameSource: 'sni',
  alpn: Buffer.from('\x02h2'),
  url: new Uint8Array(0),
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
  ...override,
});

/** A connection that a custom indicator cut. */
export const blockedRecord = (sequence: number, override: Partial<FlowRecord> = {}): FlowRecord =>
  flowRecord(sequence, {
    effect: 'block',
    action: 'block',
    category: 'CustomBlockList',
    layer: 'indicator',
    matched: 'host',
    ruleId: '7',
    ruleTitle: 'no example',
    ...override,
  });

/** Records back to back, as the gate sends them. */
export function encodeBatch(records: readonly FlowRecord[]): Uint8Array {
  const bytes = new Uint8Array(records.length * MAX_FLOW_RECORD);
  const view = new DataView(bytes.buffer);
  let length = 0;
  for (const record of records) length += encodeFlowRecord(record, bytes, view, length);
  return bytes.slice(0, length);
}
