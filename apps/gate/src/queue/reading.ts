/** What the parsers' answers mean to the policy: which names were asked for, and how they were learnt. */
import type { NameSource } from '@sallyport/contract/flow-record';
import type { FirstBytes } from '@sallyport/wire/classify';
import { partialRequestHead, type RequestHead } from '@sallyport/wire/http/request';

/** What was read, for the policy and for the record. */
export interface Reading {
  readonly names: readonly Uint8Array[];
  readonly nameSource: NameSource;
  readonly url: { readonly host: Uint8Array; readonly path: Uint8Array } | null;
  readonly alpnList: Uint8Array | null;
  readonly ech: boolean;
  readonly ambiguous: boolean;
}

export const NOTHING_READ: Reading = {
  names: [],
  nameSource: 'none',
  url: null,
  alpnList: null,
  ech: false,
  ambiguous: false,
};

export const readingOfTls = (read: Extract<FirstBytes, { kind: 'tls' }>): Reading => ({
  names: read.host === null ? [] : [read.host],
  nameSource: read.host === null ? 'none' : 'sni',
  url: null,
  alpnList: read.hello.alpnList,
  ech: read.ech,
  ambiguous: false,
});

export const readingOfHttp2 = (hosts: readonly Uint8Array[]): Reading => ({
  ...NOTHING_READ,
  names: hosts,
  nameSource: hosts.length === 0 ? 'none' : 'http-host',
});

export function readingOfHttp(head: RequestHead): Reading {
  const host = head.hosts[0];
  return {
    names: head.hosts,
    nameSource: host === undefined ? 'none' : 'http-host',
    url: host === undefined ? null : { host, path: pathOf(head.target) },
    alpnList: null,
    ech: false,
    ambiguous: head.ambiguous,
  };
}

const LF = 0x0a;
const COLON = 0x3a;
const SLASH = 0x2f;

/** Path and query of a request-target: absolute-form loses its scheme and authority (RFC 9112 section 3.2.2). */
function pathOf(target: Uint8Array): Uint8Array {
  if (target[0] === SLASH) return target;
  for (let at = 0; at + 2 < target.length; at++) {
    if (target[at] !== COLON || target[at + 1] !== SLASH || target[at + 2] !== SLASH) continue;
    for (let path = at + 3; path < target.length; path++) {
      if (target[path] === SLASH) return target.subarray(path);
    }
    break;
  }
  return ROOT;
}

const ROOT = Uint8Array.of(SLASH);

/** What an unfinished request has said so far, in whole lines: a name cut short is another name. */
export function partialReading(bytes: Uint8Array): Reading {
  const head = partialRequestHead(bytes.subarray(0, bytes.lastIndexOf(LF) + 1));
  return head === null ? NOTHING_READ : readingOfHttp(head);
}
