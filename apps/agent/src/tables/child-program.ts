/**
 * A program that runs in a short-lived process of its own, loaded from memory.
 *
 * Why a process: reading a list of a million names leaves a heap behind that V8 does not give back; a process gives
 * everything back, can be given a lower priority, and hostile input can at worst end it.
 * Why from memory: the agent drops its privileges, and afterwards it may no longer be able to read its own sources
 * (they often lie below /root, and so may Node itself). So all files of the program are read beforehand, kept as text
 * (some 100 kB), and handed to the child over its IPC channel; Node is started through /proc/self/exe, which needs no
 * directory on the way to be readable.
 *
 * Easy to get wrong: only static imports with a literal `from '…'` are found. A dynamic import in the program would
 * work in a checkout and fail after the drop.
 */
import { spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createRequire, findPackageJSON, isBuiltin } from 'node:module';
import { constants, setPriority } from 'node:os';
import { pipeline } from 'node:stream/promises';

export interface ChildProgram {
  readonly entry: string;
  /** URL to source: TypeScript, or JavaScript of a dependency. */
  readonly sources: Readonly<Record<string, string>>;
  /** URL to how Node shall take the source; absent: as TypeScript. */
  readonly formats: Readonly<Record<string, 'module' | 'commonjs'>>;
  /** URL of the importer to specifier to URL. */
  readonly imports: Readonly<Record<string, Readonly<Record<string, string>>>>;
}

/**
 * Type-only imports vanish when types are stripped, so they are not followed. Dependencies are packed: several
 * statements on one line, double quotes, no blanks.
 */
const IMPORT =
  /(?:^|;)(?:import|export)\b(?!\s*type\b)[^'";()]*?from\s*['"]([^'"]+)['"]|(?:^|;)import\s*['"]([^'"]+)['"]/gm;

const REQUIRE = /\brequire\(\s*['"]([^'"]+)['"]\s*\)/g;

/** Reads `entry` and everything that it imports, dependencies included. */
export function collectProgram(entry: URL): ChildProgram {
  const sources: Record<string, string> = {};
  const formats: Record<string, 'module' | 'commonjs'> = {};
  const imports: Record<string, Record<string, string>> = {};
  const waiting = [entry.href];
  for (let url = waiting.pop(); url !== undefined; url = waiting.pop()) {
    if (sources[url] !== undefined) continue;
    const source = readFileSync(new URL(url), 'utf8');
    const resolved: Record<string, string> = {};
    const format = formatOf(url);
    if (format !== null) formats[url] = format;
    for (const [, named, bare] of source.matchAll(format === 'commonjs' ? REQUIRE : IMPORT)) {
      const specifier = named ?? bare ?? '';
      if (isBuiltin(specifier)) continue;
      const isExactPath = specifier.startsWith('.') && format !== 'commonjs';
      const target = isExactPath ? new URL(specifier, url).href : resolvePackage(specifier, url);
      resolved[specifier] = target;
      waiting.push(target);
    }
    sources[url] = source;
    imports[url] = resolved;
  }
  return { entry: entry.href, sources, formats, imports };
}

/** Null for TypeScript, which is all of ours. */
function formatOf(url: string): 'module' | 'commonjs' | null {
  if (url.endsWith('.ts')) return null;
  if (url.endsWith('.mjs') || url.endsWith('.cjs')) return url.endsWith('.mjs') ? 'module' : 'commonjs';
  const path = findPackageJSON(url);
  const described: unknown = path === undefined ? null : JSON.parse(readFileSync(path, 'utf8'));
  const isModule =
    typeof described === 'object' && described !== null && 'type' in described && described.type === 'module';
  return isModule ? 'module' : 'commonjs';
}

/** `require` follows the links of workspaces to their real path, outside of node_modules, where types are stripped. */
const resolvePackage = (specifier: string, from: string): string => `file://${createRequire(from).resolve(specifier)}`;

/** Runs first in the child: takes the program from the first message and starts it. */
const LOADER = `
  import { registerHooks } from 'node:module';
  process.once('message', ({ entry, sources, formats, imports, task }) => {
    registerHooks({
      resolve: (specifier, context, next) => {
        const url = specifier === entry ? entry : imports[context.parentURL]?.[specifier];
        return url === undefined ? next(specifier, context) : { url, format: formats[url] ?? 'module-typescript', shortCircuit: true };
      },
      load: (url, context, next) => {
        const source = sources[url];
        return source === undefined ? next(url, context) : { source, format: formats[url] ?? 'module-typescript', shortCircuit: true };
      },
    });
    import(entry).then(({ run }) => run(task, (message) => process.send(message)))
      .then(() => process.disconnect(), (error) => { process.send({ kind: 'crashed', message: String(error?.stack ?? error) }, () => process.exit(70)); });
  });
  process.once('disconnect', () => process.exit(process.exitCode ?? 0));
`;

const FLAGS = [
  '--no-warnings',
  '--max-old-space-size=512',
  '--max-semi-space-size=1',
  '--input-type=module',
  '--eval',
  LOADER,
];
/**
 * Reading tells of every four MiB, fetching of every one, and the longest silence is that of sorting ten million names: half
 * a minute here, some minutes on a small board.
 */
const LONGEST_SILENCE_MS = 10 * 60_000;
/** Below everything else on the machine: compiling is never urgent. */
const PRIORITY = constants.priority.PRIORITY_BELOW_NORMAL;

/**
 * Runs `run(task, send)` of the program's entry in a child; every message it sends goes to `onMessage`. Resolves when
 * the child has ended in order, rejects when it crashed, was killed, could not be started, or said nothing for
 * `longestSilenceMs`: whoever waits for it must not wait for ever. Aborting kills it.
 * `content` is its standard input; what the child leaves of it stays unread.
 */
export function runChild(
  program: ChildProgram,
  task: unknown,
  onMessage: (message: unknown) => void,
  signal?: AbortSignal,
  longestSilenceMs: number = LONGEST_SILENCE_MS,
  content?: AsyncIterable<Uint8Array>,
): Promise<void> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const { NODE_OPTIONS: _, NODE_COMPILE_CACHE: __, ...env } = process.env;
  const child = spawn('/proc/self/exe', FLAGS, {
    cwd: '/',
    env,
    stdio: [content === undefined ? 'ignore' : 'pipe', 'ignore', 'pipe', 'ipc'],
    ...(signal !== undefined && { signal, killSignal: 'SIGKILL' as const }),
  });
  if (child.stdin !== null && content !== undefined) {
    // A child that ends early says why itself.
    void pipeline(content, child.stdin).catch(() => {});
  }
  let crash = '';
  let complaint = '';
  const silence = setTimeout(() => {
    crash = `no sign of life for ${Math.ceil(longestSilenceMs / 1000)} s; it was ended`;
    child.kill('SIGKILL');
  }, longestSilenceMs);
  child.stderr?.on('data', (chunk: Buffer) => {
    if (complaint.length < 2000) complaint += chunk.toString('latin1');
  });
  child.on('message', (message: unknown) => {
    silence.refresh();
    const isCrash = typeof message === 'object' && message !== null && 'kind' in message && message.kind === 'crashed';
    if (isCrash && 'message' in message) crash = String(message.message);
    else onMessage(message);
  });
  child.once('error', (error) => {
    clearTimeout(silence);
    reject(error);
  });
  child.once('close', (code, killedBy) => {
    clearTimeout(silence);
    if (code === 0 && crash === '') resolve();
    else reject(new Error(oneLine(crash || complaint || `ended by ${killedBy ?? `code ${code}`}`)));
  });
  child.once('spawn', () => {
    try {
      if (child.pid !== undefined) setPriority(child.pid, PRIORITY);
    } catch {
      // Only a courtesy to others.
    }
    child.send({ ...program, task }, (error) => {
      if (error !== null) child.kill('SIGKILL');
    });
  });
  return promise;
}

const oneLine = (text: string): string => text.trim().split('\n').slice(0, 3).join(' | ').slice(0, 500);
