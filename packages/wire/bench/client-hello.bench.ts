/**
 * Nanoseconds per parse of the three streams that make up nearly all flows. Run it with plain node, no arguments.
 *
 * Each loop adds up something from the result, so that the engine cannot leave the work out, and the first rounds are
 * warm-up. The figure is the best of several rounds: on a shared machine the others measure the neighbours.
 */
import { hrtime } from 'node:process';

import { readFirstBytes } from '../src/classify.ts';
import { parseRequestHead } from '../src/http/request.ts';
import { parseClientHello } from '../src/tls/client-hello.ts';
import { bytesOf, filler, helloMessage, inRecords, postQuantumHello } from '../test/hellos.ts';

const ITERATIONS = 200_000;
const ROUNDS = 8;

const postQuantum = postQuantumHello();
const small = inRecords(helloMessage({ shares: [[29, 32]], groups: [29, 23, 24, 25], extra: [[13, filler(60)]] }));
const fragmented = inRecords(helloMessage(), [40, 80, 120]);
const request = bytesOf(
  'GET /index.html HTTP/1.1\r\nHost: www.example.com\r\nUser-Agent: curl/8.5.0\r\nAccept: */*\r\n\r\n',
);
const browser = bytesOf(
  'GET / HTTP/1.1\r\nHost: www.example.com\r\nConnection: keep-alive\r\nCache-Control: max-age=0\r\n' +
    `User-Agent: ${'Mozilla/5.0 '.repeat(9)}\r\nAccept: ${'text/html,'.repeat(12)}\r\nAccept-Encoding: gzip, deflate\r\n` +
    `Accept-Language: en-GB,en;q=0.9\r\nCookie: ${'a=b; '.repeat(30)}\r\n\r\n`,
);

const hello = (bytes: Uint8Array): number => {
  const parsed = parseClientHello(bytes);
  return parsed.kind === 'ok' && parsed.value.serverName !== null ? parsed.value.serverName.length : -1e9;
};
const head = (bytes: Uint8Array): number => {
  const parsed = parseRequestHead(bytes);
  return parsed.kind === 'ok' ? parsed.value.hosts.length : -1e9;
};
const first = (bytes: Uint8Array): number => (readFirstBytes(bytes).kind === 'unknown' ? -1e9 : 1);

function measure(name: string, parse: (bytes: Uint8Array) => number, bytes: Uint8Array): void {
  let best = Infinity;
  let checksum = 0;
  for (let round = 0; round < ROUNDS; round++) {
    const start = hrtime.bigint();
    for (let i = 0; i < ITERATIONS; i++) checksum += parse(bytes);
    best = Math.min(best, Number(hrtime.bigint() - start) / ITERATIONS);
  }
  if (checksum <= 0) throw new Error(`${name}: nothing was parsed`);
  console.log(`${name.padEnd(44)} ${String(bytes.length).padStart(5)} bytes ${best.toFixed(0).padStart(6)} ns`);
}

measure('parseClientHello, post-quantum', hello, postQuantum);
measure('parseClientHello, small', hello, small);
measure('parseClientHello, small in four records', hello, fragmented);
measure('parseRequestHead, small GET', head, request);
measure('parseRequestHead, browser GET', head, browser);
measure('readFirstBytes, post-quantum', first, postQuantum);
measure('readFirstBytes, small GET', first, request);
