/**
 * The agent: the unprivileged half of the device. Wires the core to its edges and owns their order.
 *
 *   node main.ts --state-dir DIRECTORY [--shown-as DIRECTORY] [--mode MODE] [--no-forward] [--no-default-feeds] [--foreground] [--user NAME | --uid N --gid N]
 *
 * Easy to get wrong: everything is imported, and the feed reader's sources are read, before privileges are dropped;
 * after that the project's files may be out of reach. It ends when the launcher that started it is gone.
 */
import { flushCompileCache } from 'node:module';
import { resolve } from 'node:path';
import { parseArgs } from 'node:util';

import { ControlError } from '@sallyport/contract/control-error';
import type { SettingName } from '@sallyport/contract/settings';

import { ControlServer } from './control/server.ts';
import { AgentCore } from './core/agent-core.ts';
import { feedReaderProgram } from './core/feed-reader-program.ts';
import { policyProgram } from './core/policy-program.ts';
import { openDatagramSocket } from './event-log/journald-socket.ts';
import { IdleCollection } from './idle-collection.ts';
import { dropTo, type Identity, userNamed } from './privileges.ts';
import { DEFAULT_STATE_DIRECTORY, stateDirectory } from './state/state-directory.ts';
import { VERSION } from './version.ts';

const EXIT = { refused: 1, crashed: 70 } as const;
const TICK_MS = 1000;

const parent = process.ppid;
const { values: options } = parseArgs({
  options: {
    'state-dir': { type: 'string', default: DEFAULT_STATE_DIRECTORY },
    'shown-as': { type: 'string' },
    mode: { type: 'string' },
    'no-forward': { type: 'boolean', default: false },
    'no-default-feeds': { type: 'boolean', default: false },
    foreground: { type: 'boolean', default: false },
    user: { type: 'string', default: 'sallyport' },
    uid: { type: 'string' },
    gid: { type: 'string' },
    version: { type: 'boolean', default: false },
  },
});

process.on('uncaughtException', crash);
process.on('unhandledRejection', crash);

// Whoever starts this with --version has loaded all modules once, so that the compile cache holds them.
if (options.version) process.stdout.write(`${VERSION}\n`);
else await main().catch(refuse);

async function main(): Promise<void> {
  // In a mount namespace of its own the directory has another name than the one everybody else knows.
  const path = resolve(options['state-dir']);
  const directory = { ...stateDirectory(path), root: options['shown-as'] ?? path };
  const feedReader = feedReaderProgram();
  const policyCompiler = policyProgram();
  flushCompileCache();
  if (process.getuid?.() === 0) dropTo(identity());
  process.umask(0o027);

  await using stack = new AsyncDisposableStack();
  const core = stack.use(
    new AgentCore({
      directory,
      feedReader,
      policyCompiler,
      usesDefaultFeeds: true,
      openJournald: openDatagramSocket,
    }),
  );
  if (options.mode !== undefined) await obey(core, '--mode', 'EnableNetworkProtection', options.mode);
  if (options['no-forward']) await obey(core, '--no-forward', 'InspectForwardedTraffic', 'false');
  if (options['no-default-feeds']) await obey(core, '--no-default-feeds', 'DefaultFeeds', 'false');
  stack.use(await ControlServer.listen(directory.controlSocket, core));
  await core.start(say);

  const stopped = Promise.withResolvers<void>();
  process.on('SIGTERM', () => stopped.resolve());
  process.on('SIGINT', () => stopped.resolve());
  let isAnnounced = false;
  const announce = (): void => {
    if (isAnnounced || !core.isReady) return;
    isAnnounced = true;
    void announcement(core).then((lines) => lines.forEach(say));
  };
  stack.defer(core.onGateStatus(announce));
  announce();
  const collection = new IdleCollection();
  const tick = setInterval(() => {
    core.tick();
    collection.tick();
    if (process.ppid !== parent) stopped.resolve();
  }, TICK_MS);
  stack.defer(() => clearInterval(tick));
  await stopped.promise;
}

/** An option of `up` is a change of the local setting, recorded like one; a managed value stays above it. */
async function obey(core: AgentCore, option: string, name: SettingName, value: string): Promise<void> {
  const current = (await core.settings()).find((setting) => setting.name === name);
  if (current?.source === 'managed') {
    say(`${name} is managed: it stays ${String(current.value)}, ${option} has no effect.`);
    return;
  }
  await core.set(name, value);
}

async function announcement(core: AgentCore): Promise<readonly string[]> {
  const { mode, indicators, gate, stateDirectory: root } = await core.status();
  const hosts = (gate?.tables.reputation?.hosts ?? 0).toLocaleString('en');
  const judged = `${hosts} listed hosts, ${indicators.toLocaleString('en')} custom indicators`;
  const first =
    mode === 'block'
      ? `Sallyport is protecting this machine (${judged}).`
      : mode === 'audit'
        ? `Sallyport is running in audit mode: it records and blocks nothing (${judged}).`
        : 'Sallyport is disabled: nothing is judged or recorded.';
  const suffix = root === DEFAULT_STATE_DIRECTORY ? '' : ` --state-dir ${root}`;
  return [
    first,
    `  try:  sudo ./sallyport indicator add example.org --action Block${suffix}`,
    `        curl -sS https://example.org ; sudo ./sallyport events --limit 4${suffix}`,
    `        sudo ./sallyport status${suffix}`,
  ];
}

function identity(): Identity {
  if (options.uid !== undefined || options.gid !== undefined) {
    const [uid, gid] = [Number(options.uid), Number(options.gid ?? options.uid)];
    if (Number.isInteger(uid) && Number.isInteger(gid)) return { uid, gid };
    throw new ControlError('invalid', '--uid and --gid take numbers');
  }
  const user = userNamed(options.user);
  if (user === null)
    throw new ControlError('unavailable', `there is no user ${options.user}; create it or name one with --user`);
  return user;
}

function say(line: string): void {
  if (options.foreground) process.stdout.write(`${line}\n`);
}

function refuse(error: unknown): never {
  if (!(error instanceof ControlError)) return crash(error);
  process.stderr.write(`sallyport agent: ${error.message}\n`);
  process.exit(EXIT.refused);
}

function crash(error: unknown): never {
  const text = error instanceof Error ? (error.stack ?? error.message) : String(error);
  process.stderr.write(
    `sallyport agent: ${text
      .split('\n')
      .slice(0, 2)
      .map((line) => line.trim())
      .join(' ')}\n`,
  );
  process.exit(EXIT.crashed);
}
