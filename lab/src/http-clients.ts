/**
 * The programs that people and services really use to fetch a URL, each with how it says "connection reset".
 *
 * All of them resolve names through the namespace's `/etc/hosts`. What a client prints is not compared word by word:
 * the page has to be in it, or the sign of a reset.
 */
import { env, execPath } from 'node:process';

import type { Argv, Finished, RunOptions } from './command.ts';
import type { Namespace } from './namespace.ts';
import { createTemporaryFolder } from './temporary-folder.ts';

export const TRANSPORTS = ['http', 'tls1.2', 'tls1.3'] as const;
export type Transport = (typeof TRANSPORTS)[number];

/** One GET of `/` that an HTTP client shall make. */
export interface Fetch {
  readonly namespace: Namespace;
  readonly transport: Transport;
  readonly host: string;
  /** What `host` resolves to. */
  readonly address: string;
  /** PEM of the authority to trust. */
  readonly authorityFile: string;
}

export interface HttpClient {
  readonly name: string;
  readonly transports: readonly Transport[];
  fetch(request: Fetch): Promise<Finished>;
  /** In standard output or error when the connection was reset. */
  readonly reset: RegExp;
}

const urlOf = ({ transport, host }: Fetch): string => `${transport === 'http' ? 'http' : 'https'}://${host}/`;
const TIMEOUT_S = 15;
const options: RunOptions = { timeoutMs: 2 * TIMEOUT_S * 1000 };

const PYTHON = `
import ssl, sys, urllib.request
url, version, authority = sys.argv[1:]
context = ssl.create_default_context(cafile=authority)
if version != 'http':
    exact = ssl.TLSVersion.TLSv1_2 if version == 'tls1.2' else ssl.TLSVersion.TLSv1_3
    context.minimum_version = context.maximum_version = exact
print(urllib.request.urlopen(url, context=context, timeout=${TIMEOUT_S}).read().decode())
`;

const NODE = `
fetch(process.argv[1])
  .then(async (response) => console.log(await response.text()))
  .catch((error) => { console.error(error.cause?.code ?? error); process.exitCode = 1; });
`;

export const HTTP_CLIENTS: readonly HttpClient[] = [
  {
    name: 'curl',
    transports: TRANSPORTS,
    fetch: (request) => {
      const version: Record<Transport, string[]> = {
        http: [],
        'tls1.2': ['--tls-max', '1.2'],
        'tls1.3': ['--tlsv1.3'],
      };
      const common = ['-sS', '--fail', '-m', `${TIMEOUT_S}`, '--cacert', request.authorityFile];
      return request.namespace.exec(['curl', ...common, ...version[request.transport], urlOf(request)], options);
    },
    reset: /Connection reset by peer|Recv failure: Connection reset/,
  },
  {
    name: 'wget',
    transports: TRANSPORTS,
    fetch: (request) => {
      const secure = request.transport === 'tls1.2' ? 'TLSv1_2' : 'TLSv1_3';
      const version = request.transport === 'http' ? [] : [`--secure-protocol=${secure}`];
      // By itself it would try twenty times.
      const common = ['-O', '-', '--tries=1', `--timeout=${TIMEOUT_S}`, `--ca-certificate=${request.authorityFile}`];
      return request.namespace.exec(['wget', ...common, ...version, urlOf(request)], {
        ...options,
        env: { ...env, LC_ALL: 'C' },
      });
    },
    reset: /Connection reset by peer|Unable to establish SSL connection|Error in the pull function|Read error/,
  },
  {
    name: 'openssl s_client',
    transports: ['tls1.2', 'tls1.3'],
    fetch: (request) => {
      const version = request.transport === 'tls1.2' ? '-tls1_2' : '-tls1_3';
      const address = request.address.includes(':') ? `[${request.address}]` : request.address;
      const name = ['-servername', request.host, '-verify_return_error', '-CAfile', request.authorityFile];
      const argv: Argv = ['openssl', 's_client', '-connect', `${address}:443`, ...name, version, '-quiet'];
      const input = `GET / HTTP/1.0\r\nHost: ${request.host}\r\n\r\n`;
      return request.namespace.exec(argv, { ...options, input });
    },
    reset: /errno=104|Connection reset by peer/,
  },
  {
    name: 'python3 urllib',
    transports: TRANSPORTS,
    fetch: (request) =>
      request.namespace.exec(
        ['python3', '-c', PYTHON, urlOf(request), request.transport, request.authorityFile],
        options,
      ),
    reset: /ConnectionResetError: \[Errno 104\]/,
  },
  {
    name: 'node fetch',
    transports: TRANSPORTS,
    fetch: (request) => {
      const version: Record<Transport, string[]> = {
        http: [],
        'tls1.2': ['--tls-max-v1.2'],
        'tls1.3': ['--tls-min-v1.3'],
      };
      return request.namespace.exec([execPath, ...version[request.transport], '-e', NODE, urlOf(request)], {
        ...options,
        env: { ...env, NODE_EXTRA_CA_CERTS: request.authorityFile },
      });
    },
    reset: /ECONNRESET/,
  },
  {
    name: 'chromium',
    transports: TRANSPORTS,
    fetch: async (request) => {
      await using profile = await createTemporaryFolder('chromium');
      const address = request.address.includes(':') ? `[${request.address}]` : request.address;
      const version = request.transport === 'tls1.2' ? ['--ssl-version-max=tls1.2'] : [];
      const quiet = [
        '--headless',
        '--no-sandbox',
        '--disable-gpu',
        '--disable-quic',
        '--no-first-run',
        '--no-proxy-server',
      ];
      const silent = [
        '--disable-background-networking',
        '--disable-component-update',
        '--disable-sync',
        '--disable-dev-shm-usage',
      ];
      const names = [`--host-resolver-rules=MAP ${request.host} ${address}`, '--ignore-certificate-errors'];
      return await request.namespace.exec(
        [
          'chromium',
          ...quiet,
          ...silent,
          ...version,
          ...names,
          `--user-data-dir=${profile.path}`,
          '--dump-dom',
          urlOf(request),
        ],
        // It takes its folders from here, and the real home is none of its business.
        { ...options, env: { ...env, HOME: profile.path } },
      );
    },
    reset: /ERR_CONNECTION_RESET/,
  },
];
