import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { parseWrk } from '../src/load.ts';

const report = (extra: string): string => `Running 3s test @ http://site-0.bench.example/
  1 threads and 16 connections
  Thread Stats   Avg      Stdev     Max   +/- Stdev
    Latency   687.30us  217.55us   6.01ms   87.49%
    Req/Sec    18.11k     1.16k   19.42k    83.33%
  54043 requests in 3.00s, 15.62MB read
${extra}Requests/sec:  18011.31
Transfer/sec:      5.21MB
`;
const load = { connections: 54043, connectionsPerSecond: 18011.31 };

suite('parseWrk', () => {
  const cases = [
    { name: 'all answered', text: report(''), want: { load } },
    {
      name: 'errors are quoted',
      text: report('  Socket errors: connect 0, read 3, write 0, timeout 1\n  Non-2xx or 3xx responses: 2\n'),
      want: {
        load,
        failures: 'Socket errors: connect 0, read 3, write 0, timeout 1; Non-2xx or 3xx responses: 2',
      },
    },
    {
      name: 'nothing answered',
      text: '  0 requests in 3.00s, 0.00B read\nRequests/sec:      0.00\n',
      want: { load: { connections: 0, connectionsPerSecond: 0 }, failures: 'no request was answered' },
    },
    { name: 'no report', text: 'unable to connect to site-0.bench.example:http Connection refused', want: undefined },
  ];
  for (const { name, text, want } of cases) test(name, () => assert.deepEqual(parseWrk(text), want));
});
