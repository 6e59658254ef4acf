/**
 * What the kernel shall do with packets, as values. Both renderings (nftables.ts, iptables.ts) and the tests start
 * from this one description, so the two back ends cannot drift apart.
 *
 * A flow's state is two bits of its conntrack mark. `inspect` hands undecided client bytes to the gate; `enforce`
 * carries out a block, rejects QUIC, and is the second half of the fail policy: when nobody listens on the queue the
 * kernel's `bypass` lets a packet continue here, unmarked, and a closed policy refuses it.
 *
 * Both sit behind other tools' rules: a queued or bypassed packet has been through all of them, so a dead gate never
 * makes their marks or routes disappear.
 */
import type { GateSettings } from '@sallyport/contract/gate-settings';

import { flowMarks } from '../flow-marks.ts';

export type HookName = 'output' | 'forward';
export type Stage = 'inspect' | 'enforce';

export type Match =
  /** Our bits of the conntrack mark equal `value`; or not 0 with `value: null`. */
  | { readonly kind: 'connmark'; readonly value: number; readonly mask: number }
  | { readonly kind: 'packet-mark'; readonly value: number; readonly mask: number }
  | { readonly kind: 'any-packet-mark'; readonly mask: number }
  | { readonly kind: 'to-loopback' }
  | { readonly kind: 'not-to-loopback' }
  | { readonly kind: 'sent-by'; readonly uid: number }
  | { readonly kind: 'not-sent-by'; readonly uid: number }
  | { readonly kind: 'tcp-from-client' }
  | { readonly kind: 'tcp-payload-from-client' }
  | { readonly kind: 'no-reset' }
  | { readonly kind: 'quic-initial-from-client'; readonly version: QuicVersion };

/** First byte's upper half (long header, fixed bit, type Initial) and version word (RFC 9000 17.2.2, RFC 9369 3.2). */
export const QUIC_VERSIONS = {
  v1: { typeBits: 0xc, version: 0x0000_0001 },
  v2: { typeBits: 0xd, version: 0x6b33_43cf },
} as const;
export type QuicVersion = keyof typeof QUIC_VERSIONS;
/** A client's Initial datagram is at least 1200 bytes (RFC 9000 14.1); 8 more are the UDP header. */
export const QUIC_MINIMUM_UDP_LENGTH = 1208;

export type Action =
  | { readonly kind: 'return' }
  | { readonly kind: 'queue'; readonly number: number; readonly bypass: boolean }
  /** Move our bits from the packet's mark into the flow's, and clear them from the packet. */
  | { readonly kind: 'adopt-mark'; readonly value: number; readonly mask: number }
  | { readonly kind: 'clear-mark'; readonly mask: number }
  | { readonly kind: 'reject-reset' }
  | { readonly kind: 'reject-port-unreachable' };

export interface Rule {
  readonly when: readonly Match[];
  readonly verdict: Action;
  /** Half of a closed policy: without the rules that hand packets to the gate it would refuse everything. */
  readonly refusesUnjudged?: true;
}

export interface Chain {
  readonly hook: HookName;
  readonly stage: Stage;
  readonly rules: readonly Rule[];
}

export interface RulesetInputs {
  readonly settings: GateSettings;
  readonly queueNumber: number;
  /** The agent's user: its own connections are never queued, so that policy cannot cut it off. */
  readonly agentUid: number;
}

/** The chains for these settings; none when the mode is disabled. */
export function describe({ settings, queueNumber, agentUid }: RulesetInputs): readonly Chain[] {
  if (settings.mode === 'disabled') return [];
  const hooks: readonly HookName[] = settings.inspectForwarded ? ['output', 'forward'] : ['output'];
  const marks = flowMarks(settings.connmarkMask);
  const closed = settings.failGateAbsent === 'closed';
  const connmark = (value: number): Match => ({ kind: 'connmark', value, mask: marks.mask });

  return hooks.flatMap((hook): Chain[] => {
    const local = hook === 'output';
    const exempt: Rule[] = local
      ? [
          { when: [{ kind: 'to-loopback' }], verdict: { kind: 'return' } },
          { when: [{ kind: 'sent-by', uid: agentUid }], verdict: { kind: 'return' } },
        ]
      : [];
    const notExempt: Match[] = local ? [{ kind: 'not-to-loopback' }, { kind: 'not-sent-by', uid: agentUid }] : [];
    const payload: Match = { kind: 'tcp-payload-from-client' };
    // First in both chains, for it ends the way of nearly every packet.
    const settled: Rule = { when: [connmark(marks.allowed)], verdict: { kind: 'return' } };
    const inspect: Rule[] = [
      settled,
      // Our bits on a packet are a verdict of the gate. Before it has seen the packet they are somebody else's, and
      // would let the flow pass uninspected.
      { when: [{ kind: 'any-packet-mark', mask: marks.mask }], verdict: { kind: 'clear-mark', mask: marks.mask } },
      { when: [connmark(marks.blocked)], verdict: { kind: 'return' } },
      ...exempt,
      // A flow that is still looked at waits for the gate to come back: refusing it would end a judged connection.
      ...(closed
        ? [
            {
              when: [connmark(marks.inspected), payload],
              verdict: { kind: 'queue', number: queueNumber, bypass: false },
            } satisfies Rule,
          ]
        : []),
      { when: [payload], verdict: { kind: 'queue', number: queueNumber, bypass: true } },
    ];

    const enforce: Rule[] = [settled];
    // Blocks, forwarded packets, and flows that cannot be named from outside come back with a packet mark.
    for (const value of local ? [marks.allowed, marks.blocked] : [marks.allowed, marks.blocked, marks.inspected]) {
      const when: Match[] = [{ kind: 'packet-mark', value, mask: marks.mask }];
      enforce.push({ when, verdict: { kind: 'adopt-mark', value, mask: marks.mask } });
    }
    enforce.push({
      // The direction keeps the reject's own reset, which belongs to the same flow, from being rejected as well; the
      // flag lets the reset through that the gate sends to the peer.
      when: [connmark(marks.blocked), { kind: 'tcp-from-client' }, { kind: 'no-reset' }],
      verdict: { kind: 'reject-reset' },
    });
    if (settings.mode === 'block' && settings.quicHandling === 'block') {
      for (const version of ['v1', 'v2'] as const satisfies readonly QuicVersion[]) {
        const when: Match[] = [{ kind: 'quic-initial-from-client', version }];
        if (local) when.push({ kind: 'not-to-loopback' });
        enforce.push({ when, verdict: { kind: 'reject-port-unreachable' } });
      }
    }
    if (closed) {
      const when = [...notExempt, connmark(0), payload];
      enforce.push({ when, verdict: { kind: 'reject-reset' }, refusesUnjudged: true });
    }
    return [
      { hook, stage: 'inspect', rules: inspect },
      { hook, stage: 'enforce', rules: enforce },
    ];
  });
}
