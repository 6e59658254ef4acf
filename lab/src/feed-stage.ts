/**
 * Where feeds are tried on real connections: a client, a server that answers to every name, and lists of made-up names.
 *
 * Easy to get wrong: that a command failed proves nothing about what is in force. A load of connections, begun before
 * each failure and ended after it, is the witness.
 */
import assert from 'node:assert/strict';
import type { TestContext } from 'node:test';

import type { Finished } from './command.ts';
import type { Namespace } from './namespace.ts';
import { startNginx } from './nginx.ts';
import type { Visit, VisitOutcome } from './programs/visit.ts';
import { type Load, startLoad } from './steady-load.ts';
import { createTemporaryFolder } from './temporary-folder.ts';
import { createPairLab, type PairLab } from './topology.ts';

/** Listed, and must be blocked throughout. */
export const KEPT = 'kept.test';
/** On no list. */
export const FINE = 'fine.example';

/** A list of `count` different names. */
export const namesOf = (count: number, from = 0): string =>
  Array.from({ length: count }, (_, n) => `host-${n + from}.large.test\n`).join('');

export interface Stage extends AsyncDisposable {
  readonly lab: PairLab;
  readonly folder: string;
  readonly namespace: Namespace;
  /** How a plain HTTP request for each name ends. */
  overHttp(names: readonly string[]): Promise<Record<string, string>>;
  /** How a TLS handshake that asks for each name ends. */
  overTls(names: readonly string[]): Promise<Record<string, string>>;
}

/** The lab's certificate is not theirs: that the client could see it means that its hello arrived. */
export const ARRIVED = 'ERR_TLS_CERT_ALTNAME_INVALID';

/** A server for any name, and a folder for lists. */
export async function setUpFeedStage(): Promise<Stage> {
  await using undo = new AsyncDisposableStack();
  const lab = undo.use(await createPairLab({ serverAddresses: 2 }));
  const nginx = undo.use(await startNginx(lab.server.namespace, { subjects: ['lab.example'], bulkBytes: 1 }));
  const folder = undo.use(await createTemporaryFolder('feeds')).path;
  const { namespace } = lab.client;
  const address = lab.server.addresses[0]?.v4 ?? '';
  const owned = undo.move();
  return {
    lab,
    folder,
    namespace,
    overHttp: async (names) => {
      await using load = await startLoad(namespace, {
        targets: names.map((host) => ({ host, address, port: 80 })),
        lanes: 1,
      });
      return Object.fromEntries((await load.finish()).map(({ host, end }) => [host, end]));
    },
    overTls: async (names) => {
      const visits = names.map((host): Visit => ({ url: `https://${host}/`, address }));
      const program = new URL('programs/visit.ts', import.meta.url).pathname;
      const authority = nginx.certificate.authorityFile;
      const output = await namespace.must([
        process.execPath,
        program,
        authority,
        ...visits.map((v) => JSON.stringify(v)),
      ]);
      const outcomes = output.split('\n').filter(Boolean);
      return Object.fromEntries(
        outcomes.map((line) => {
          // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- printed by the program above
          const { url, end } = JSON.parse(line) as VisitOutcome;
          return [url.slice('https://'.length, -1), `${end}`];
        }),
      );
    },
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** The output of a command that must succeed. */
export async function ok(command: Promise<Finished>): Promise<string> {
  const { status, stdout, stderr } = await command;
  assert.equal(status, 0, stderr);
  return stdout;
}

/** Connections to what is listed and what is not, until `judgedThroughout`. */
export const steadyLoad = ({ lab, namespace }: Stage): Promise<Load> =>
  startLoad(namespace, {
    targets: [KEPT, FINE].flatMap((host) =>
      lab.server.addresses.flatMap(({ v4, v6 }) => [v4, v6].map((address) => ({ host, address, port: 80 }))),
    ),
    lanes: 1,
  });

/** Not one connection was judged otherwise than by the last good table. */
export async function judgedThroughout(t: TestContext, load: Load): Promise<void> {
  const records = await load.finish();
  t.diagnostic(`${records.length} connections`);
  assert.deepEqual([...new Set(records.map(({ host, end }) => `${host} ${end}`))].toSorted(), [
    `${FINE} answered`,
    `${KEPT} ECONNRESET`,
  ]);
}
