/**
 * `sallyport evaluate`: a trial of the whole product on this machine that touches nothing of it. Two network
 * namespaces, a web server in one, Sallyport in the other, one host that is blocked and one that is not.
 *
 *   evaluate.ts [--json] [--keep]
 *
 * Easy to get wrong: the namespaces and the temporary state go away on every path out of here. So Ctrl-C only asks
 * the trial to end; what it made is undone by the same `await using` that undoes it after a success or a failure.
 */
import { once } from 'node:events';
import { parseArgs, styleText } from 'node:util';

import { type Sallyport, startSallyport } from './agent-run.ts';
import { createCertificate } from './certificate.ts';
import type { RunningProgram } from './command.ts';
import type { Namespace } from './namespace.ts';
import type { VisitRecord } from './programs/test-site.ts';
import type { Visit, VisitOutcome } from './programs/visit.ts';
import { createTemporaryFolder } from './temporary-folder.ts';
import { createPairLab, type DualStack } from './topology.ts';

/** Names that exist nowhere else (RFC 2606). */
const ALLOWED = 'allowed.example';
const BLOCKED = 'blocked.test';

const USAGE = `usage: sallyport evaluate [--json] [--keep]

Tries Sallyport out in a network of its own: two namespaces on this machine, a test host that is
blocked and one that is not. Nothing outside of them is touched, and nothing stays.

  --json   one object instead of the report
  --keep   leave everything running afterwards, to try more by hand, until Ctrl-C
`;

interface Check {
  readonly step: string;
  readonly expected: string;
  readonly seen: string;
  readonly ok: boolean;
}

/** A row of `sallyport events --json`, as far as the report shows it. */
type EventRow = Readonly<Record<string, unknown>>;

interface Trial {
  readonly checks: readonly Check[];
  readonly events: readonly EventRow[];
}

interface Options {
  readonly json: boolean;
  readonly keep: boolean;
}

async function main(): Promise<number> {
  const options = readOptions();
  if (typeof options === 'number') return options;
  const stop = new AbortController();
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => stop.abort());
  // A reader that went away (`| head`) ends the trial like Ctrl-C does.
  process.stdout.on('error', () => stop.abort());

  const report = new Report(options.json);
  const startedAt = performance.now();
  let trial: Trial | null = null;
  let failure: string | null = null;
  try {
    await run(options, stop.signal, report, (done) => {
      trial = done;
    });
  } catch (error) {
    if (!stop.signal.aborted) failure = error instanceof Error ? error.message : String(error);
  }
  return report.finish(trial, failure, performance.now() - startedAt);
}

/** The options, or the exit status when there is nothing to do. */
function readOptions(): Options | number {
  try {
    const { values } = parseArgs({
      options: {
        json: { type: 'boolean', default: false },
        keep: { type: 'boolean', default: false },
        help: { type: 'boolean', short: 'h', default: false },
      },
    });
    if (!values.help) return values;
    process.stdout.write(USAGE);
    return 0;
  } catch (error) {
    process.stderr.write(
      `sallyport: ${error instanceof Error ? error.message.split('. ')[0] : String(error)}; see sallyport evaluate --help\n`,
    );
    return 2;
  }
}

/** The trial itself. Calls `done` once all was seen; everything it made is gone when it returns or throws. */
async function run(options: Options, stop: AbortSignal, report: Report, done: (trial: Trial) => void): Promise<void> {
  await using undo = new AsyncDisposableStack();
  const step = async <T>(text: string, work: () => Promise<T>): Promise<T> => {
    stop.throwIfAborted();
    return report.step(text, work);
  };

  const { client, server } = await step('make a network: client and server, IPv4 and IPv6', async () =>
    undo.use(await createPairLab({ serverAddresses: 1 })),
  );
  const [address] = server.addresses;
  if (address === undefined) throw new Error('a lab of one address has one address');
  const { site, authorityFile } = await step(`start a web server: ${ALLOWED}, ${BLOCKED}`, () =>
    startSite(undo, server.namespace),
  );
  const rulesBefore = await rulesOf(client.namespace);
  const sallyport = await step('start Sallyport in the client, mode block', async () =>
    undo.use(await startSallyport(client.namespace, { mode: 'block' })),
  );
  await step(`add an indicator: block ${BLOCKED}`, async () => {
    await sallyport.json('indicator', 'add', BLOCKED, '--action', 'block', '--title', 'Evaluation');
  });
  const visits = [ALLOWED, BLOCKED].flatMap((host) => visitsOf(host, address));
  const { outcomes, records } = await step('ask for both, HTTP and TLS, IPv4 and IPv6', () =>
    makeVisits(client.namespace, site, authorityFile, visits),
  );
  const events = await step('read what was recorded', () => recorded(sallyport, visits.length));
  if (options.keep) {
    done({ checks: checksOf(outcomes, records, events), events });
    report.keep(client.namespace, sallyport, address);
    if (!stop.aborted) await once(stop, 'abort');
    return;
  }
  const rulesAfter = await step('stop Sallyport', async () => {
    await sallyport.stop();
    return rulesOf(client.namespace);
  });
  const restored: Check = {
    step: 'firewall rules after the stop',
    expected: 'as before',
    seen: rulesAfter === rulesBefore ? 'as before' : 'changed',
    ok: rulesAfter === rulesBefore,
  };
  await step('remove the network and the temporary state', () => undo.disposeAsync());
  done({ checks: [...checksOf(outcomes, records, events), restored], events });
}

async function startSite(
  undo: AsyncDisposableStack,
  namespace: Namespace,
): Promise<{ site: RunningProgram; authorityFile: string }> {
  const folder = undo.use(await createTemporaryFolder('evaluate')).path;
  const certificate = await createCertificate(folder, [ALLOWED, BLOCKED]);
  const program = new URL('./programs/test-site.ts', import.meta.url);
  const site = undo.use(namespace.spawnNode(program, certificate.certificateFile, certificate.keyFile));
  await site.waitForOutput(/"listening"/);
  return { site, authorityFile: certificate.authorityFile };
}

const visitsOf = (host: string, { v4, v6 }: DualStack): Visit[] =>
  ['http', 'https'].flatMap((scheme) => [v4, v6].map((address) => ({ url: `${scheme}://${host}/`, address })));

/** Makes the visits, and waits until the server has seen the end of every one. */
async function makeVisits(
  client: Namespace,
  site: RunningProgram,
  authorityFile: string,
  visits: readonly Visit[],
): Promise<{ outcomes: VisitOutcome[]; records: VisitRecord[] }> {
  const program = new URL('./programs/visit.ts', import.meta.url);
  const visitor = client.spawnNode(program, authorityFile, ...visits.map((visit) => JSON.stringify(visit)));
  await visitor.exited;
  const outcomes = linesOf<VisitOutcome>(visitor.stdout());
  if (outcomes.length !== visits.length) throw new Error(`the test client failed: ${visitor.stderr().trim()}`);
  const arrived = outcomes.filter(({ from }) => from !== 0).length;
  await site.waitForOutput(new RegExp(`(?:^\\{"port".*\\n){${arrived}}`, 'm'));
  return { outcomes, records: linesOf<VisitRecord>(site.stdout()).filter((line) => 'port' in line) };
}

/** The rows of all `connections`, each of which has at least one. They reach the journal a moment after the traffic. */
async function recorded(sallyport: Sallyport, connections: number): Promise<EventRow[]> {
  const deadline = performance.now() + 5000;
  for (;;) {
    const rows: readonly EventRow[] = await sallyport.events();
    const events = rows.filter(({ RemoteUrl }) => typeof RemoteUrl === 'string' && RemoteUrl !== '');
    const seen = events.filter(({ ActionType }) => ActionType === 'ConnectionSuccess').length;
    if (seen >= connections || performance.now() > deadline) return events;
  }
}

function checksOf(
  outcomes: readonly VisitOutcome[],
  records: readonly VisitRecord[],
  events: readonly EventRow[],
): Check[] {
  const isBlocked = ({ url }: Visit): boolean => new URL(url).hostname === BLOCKED;
  const requests = outcomes.map((outcome): Check => {
    const { url, address, end, ms } = outcome;
    const ok = isBlocked(outcome) ? end === 'ECONNRESET' : end === 200;
    const seen = end === 'ECONNRESET' ? 'reset' : typeof end === 'number' ? `answer ${end}` : end;
    return {
      step: `${url.replace(/\/$/, '')} over ${address.includes(':') ? 'IPv6' : 'IPv4'}`,
      expected: isBlocked(outcome) ? 'reset' : 'answer 200',
      seen: `${seen}, ${ms.toFixed(1)} ms`,
      ok,
    };
  });
  const ports = new Set(outcomes.filter(isBlocked).map(({ from }) => from));
  const leaked = records.filter(({ from }) => ports.has(from)).reduce((sum, { bytes }) => sum + bytes, 0);
  const blocks = events.filter(({ EventId, RemoteUrl }) => EventId === 1126 && String(RemoteUrl).includes(BLOCKED));
  const strays = events.filter(({ EventId, RemoteUrl }) => EventId === 1126 && !String(RemoteUrl).includes(BLOCKED));
  return [
    ...requests,
    {
      step: 'bytes the server got of blocked requests',
      expected: '0',
      seen: `${leaked}`,
      ok: leaked === 0,
    },
    {
      step: `blocks on record (event 1126)`,
      expected: `${ports.size}`,
      seen: `${blocks.length + strays.length}`,
      ok: blocks.length === ports.size && strays.length === 0,
    },
  ];
}

const rulesOf = (namespace: Namespace): Promise<string> => namespace.must(['nft', 'list', 'ruleset']);

const linesOf = <T>(output: string): T[] =>
  output
    .split('\n')
    .filter(Boolean)
    // oxlint-disable-next-line typescript/no-unsafe-type-assertion -- printed by programs of this package
    .map((line) => JSON.parse(line) as T);

/** What people see: progress while it works, then the tables and one sentence. With `json`, one object and no more. */
class Report {
  readonly #json: boolean;
  readonly #failed: string[] = [];

  constructor(json: boolean) {
    this.#json = json;
    this.#say(bold('Sallyport, tried out'), ' in a network of its own; nothing of this machine is touched', '\n\n');
  }

  /** Shows a step while it runs and how it ended. */
  async step<T>(text: string, work: () => Promise<T>): Promise<T> {
    const startedAt = performance.now();
    const live = process.stdout.isTTY && !this.#json;
    if (live) this.#say(dim(`  … ${text}`));
    const end = (mark: string): void => {
      const seconds = `${((performance.now() - startedAt) / 1000).toFixed(1)} s`;
      this.#say(live ? '\r' : '', `  ${mark} ${text.padEnd(54)}`, dim(seconds.padStart(6)), '\n');
    };
    try {
      const result = await work();
      end(good('✔'));
      return result;
    } catch (error) {
      end(bad('✘'));
      this.#failed.push(text);
      throw error;
    }
  }

  keep(client: Namespace, sallyport: Sallyport, { v4 }: DualStack): void {
    const inside = `sudo ip netns exec ${client.name}`;
    const state = `--state-dir ${sallyport.stateDirectory}`;
    this.#say(
      '\nKept until Ctrl-C. To try by hand:\n\n',
      `  ${inside} curl -sS --connect-to ::${v4}: http://${BLOCKED}/\n`,
      `  sudo ./sallyport status ${state}\n`,
      `  sudo ./sallyport events ${state}\n`,
    );
  }

  /** Prints the end and returns the exit status. */
  finish(trial: Trial | null, failure: string | null, ms: number): number {
    const seconds = Number((ms / 1000).toFixed(1));
    const wrong = trial?.checks.filter(({ ok }) => !ok).length ?? 0;
    const ok = trial !== null && failure === null && wrong === 0;
    if (this.#json) {
      const { checks, events } = trial ?? { checks: [], events: [] };
      process.stdout.write(`${JSON.stringify({ ok, seconds, failure, checks, events })}\n`);
    } else if (trial === null) {
      const step = this.#failed[0];
      const why = failure === null ? 'Stopped before the end' : `Could not ${step ?? 'finish'}: ${failure}`;
      this.#say('\n', bad(why), '\nEverything it had made was removed.\n');
    } else {
      this.#tables(trial);
      const { length } = trial.checks;
      if (failure !== null) this.#say('\n', bad(`Could not ${this.#failed[0] ?? 'finish'}: ${failure}`), '\n');
      else if (ok)
        this.#say('\n', good(`Sallyport works on this machine: ${length} of ${length} as expected`), `, ${seconds} s.`);
      else this.#say('\n', bad(`Not as expected: ${wrong} of ${length}.`));
      this.#say(' Nothing of the trial stays behind.\n');
    }
    return ok ? 0 : 1;
  }

  #tables({ checks, events }: Trial): void {
    this.#say('\n', dim(row(['STEP', 41], ['EXPECTED', 11], ['SEEN', 20], ['OK', 0])), '\n');
    for (const { step, expected, seen, ok } of checks) {
      this.#say(row([step, 41], [expected, 11], [seen, 20], ['', 0]), ok ? good('✔') : bad('✘'), '\n');
    }
    this.#say('\n', dim(row(['RECORDED', 17], ['NAME OR URL', 23], ['ADDRESS', 20], ['BY', 0])), '\n');
    for (const event of events) {
      const { EventId, ActionType, RemoteUrl, RemoteIP, RemotePort } = event;
      const what = EventId === 1126 ? '1126 blocked' : EventId === 1125 ? '1125 audited' : String(ActionType);
      const address = String(RemoteIP);
      const remote = `${address.includes(':') ? `[${address}]` : address}:${String(RemotePort)}`;
      const by = EventId === 1126 ? ruleOf(event) : '';
      this.#say(row([what, 17], [String(RemoteUrl), 23], [remote, 20], [by, 0]).trimEnd(), '\n');
    }
  }

  #say(...parts: readonly string[]): void {
    if (!this.#json) process.stdout.write(parts.join(''));
  }
}

function ruleOf({ AdditionalFields }: EventRow): string {
  const fields: unknown = typeof AdditionalFields === 'string' ? JSON.parse(AdditionalFields) : {};
  const category =
    typeof fields === 'object' && fields !== null && 'ResponseCategory' in fields ? fields.ResponseCategory : '';
  return typeof category === 'string' ? category : '';
}

/** One line, cells padded to their widths, two blanks of margin. */
const row = (...cells: readonly (readonly [text: string, width: number])[]): string =>
  `  ${cells.map(([text, width]) => text.padEnd(width)).join(' ')}`;

// styleText looks at stdout itself: no colour into a pipe, and NO_COLOR and FORCE_COLOR are obeyed.
const bold = (text: string): string => styleText('bold', text);
const dim = (text: string): string => styleText('dim', text);
const good = (text: string): string => styleText('green', text);
const bad = (text: string): string => styleText('red', text);

process.exit(await main());
