/**
 * A real nginx inside a namespace: HTTP on port 80 and TLS on 443, on every address of both families.
 *
 * `GET /` is a small page, `GET /bulk` a large file of zeros, and any PUT, POST or PATCH is read to
 * its end and answered 204. It is returned only after it has accepted a connection on each port.
 */
import { open, readFile, truncate, writeFile } from 'node:fs/promises';
import { get } from 'node:http';
import { join } from 'node:path';

import { createCertificate, type LabCertificate } from './certificate.ts';
import type { RunningProgram } from './command.ts';
import type { Namespace } from './namespace.ts';
import { createTemporaryFolder } from './temporary-folder.ts';

export interface NginxOptions {
  /** Names and addresses its certificate is valid for. */
  readonly subjects: readonly string[];
  /** Worker processes. Default: 1. */
  readonly workers?: number;
  /** Size of the file at `/bulk`. Default: 100 MB (10^8 bytes). */
  readonly bulkBytes?: number;
  /** Let clients resume TLS sessions by ticket. Default: off, so that every connection makes a whole handshake. */
  readonly sessionTickets?: boolean;
  /** Keep one line for each request; see `requests`. Default: off. */
  readonly accessLog?: boolean;
}

/** One line of the access log. */
export interface ServedRequest {
  readonly client: string;
  readonly host: string;
  /** Name in the TLS hello; empty without TLS or without a name. */
  readonly serverName: string;
  readonly method: string;
  readonly path: string;
  readonly status: number;
}

export interface Nginx extends AsyncDisposable {
  readonly certificate: LabCertificate;
  /** Body of `GET /`. */
  readonly page: string;
  readonly bulkBytes: number;
  readonly process: RunningProgram;
  /** Requests served so far. Empty unless `accessLog` is on. */
  requests(): Promise<ServedRequest[]>;
  /** Connections accepted so far on all ports (asking takes one more). Counts what really arrived. */
  accepted(): Promise<number>;
}

const HTTP_PORT = 80;
const TLS_PORT = 443;
const PAGE = '<!doctype html><title>lab</title><p>A page of the Sallyport lab.</p>\n';

/** Starts nginx in `namespace` and waits until it accepts connections. Throws `CommandFailed` otherwise. */
export async function startNginx(namespace: Namespace, options: NginxOptions): Promise<Nginx> {
  await using undo = new AsyncDisposableStack();
  const folder = undo.use(await createTemporaryFolder('nginx')).path;
  const certificate = await createCertificate(folder, options.subjects);
  const bulkBytes = options.bulkBytes ?? 100_000_000;
  await writeFile(join(folder, 'index.html'), PAGE);
  await (await open(join(folder, 'bulk'), 'w')).close();
  await truncate(join(folder, 'bulk'), bulkBytes);
  const accessLog = options.accessLog === true ? join(folder, 'access.log') : undefined;
  const configFile = join(folder, 'nginx.conf');
  await writeFile(
    configFile,
    configuration(folder, certificate, options.workers ?? 1, options.sessionTickets ?? false, accessLog),
  );

  const process = undo.use(namespace.spawn(['nginx', '-p', folder, '-c', configFile, '-e', join(folder, 'error.log')]));
  await awaitPort(namespace, '127.0.0.1', HTTP_PORT);
  await awaitPort(namespace, '::1', TLS_PORT);
  const owned = undo.move();
  return {
    certificate,
    page: PAGE,
    bulkBytes,
    process,
    requests: async () => (accessLog === undefined ? [] : parseAccessLog(await readFile(accessLog, 'utf8'))),
    accepted: () => readAccepted(join(folder, 'inner.sock')),
    [Symbol.asyncDispose]: () => owned.disposeAsync(),
  };
}

/** Asks nginx's stub_status, whose third line is `accepts handled requests`. */
async function readAccepted(socketPath: string): Promise<number> {
  const { promise, resolve, reject } = Promise.withResolvers<string>();
  get({ socketPath, path: '/status' }, (response) => {
    response.setEncoding('utf8');
    let text = '';
    response.on('data', (chunk: string) => (text += chunk));
    response.on('end', () => resolve(text));
  }).on('error', reject);
  return Number(/^ (\d+) \d+ \d+/m.exec(await promise)?.[1]);
}

/** Returns once something inside `namespace` accepts TCP connections there. Throws `CommandFailed` after 10 s. */
export async function awaitPort(namespace: Namespace, host: string, port: number): Promise<void> {
  const program = new URL('./programs/await-port.ts', import.meta.url).pathname;
  await namespace.must([process.execPath, program, host, `${port}`, '10000']);
}

/** The form is the `lab` log format below. */
function parseAccessLog(text: string): ServedRequest[] {
  return text
    .split('\n')
    .filter(Boolean)
    .map((line) => {
      const [client = '', host = '', serverName = '', method = '', path = '', status = ''] = line.split('\t');
      return { client, host, serverName: serverName === '-' ? '' : serverName, method, path, status: Number(status) };
    });
}

const configuration = (
  folder: string,
  certificate: LabCertificate,
  workers: number,
  sessionTickets: boolean,
  accessLog: string | undefined,
): string => `
daemon off;
user www-data;
pid ${folder}/nginx.pid;
worker_processes ${workers};
worker_rlimit_nofile 16384;
events { worker_connections 8192; }
http {
  client_body_temp_path ${folder}/body;
  proxy_temp_path ${folder}/proxy;
  fastcgi_temp_path ${folder}/fastcgi;
  uwsgi_temp_path ${folder}/uwsgi;
  scgi_temp_path ${folder}/scgi;
  log_format lab '$remote_addr\\t$host\\t$ssl_server_name\\t$request_method\\t$request_uri\\t$status';
  access_log ${accessLog === undefined ? 'off' : `${accessLog} lab`};
  sendfile on;
  tcp_nopush on;
  keepalive_timeout 65;
  keepalive_requests 1000000;
  client_max_body_size 0;
  default_type text/html;
  ssl_certificate ${certificate.certificateFile};
  ssl_certificate_key ${certificate.keyFile};
  ssl_protocols TLSv1.2 TLSv1.3;
  ssl_session_tickets ${sessionTickets ? 'on' : 'off'};
  ssl_session_cache off;
  server {
    listen ${HTTP_PORT} backlog=4096;
    listen [::]:${HTTP_PORT} ipv6only=on backlog=4096;
    listen ${TLS_PORT} ssl backlog=4096;
    listen [::]:${TLS_PORT} ssl ipv6only=on backlog=4096;
    root ${folder};
    # Only a proxied request body is read to its end before the answer; \`return\` alone would answer first.
    if ($request_method ~ ^(PUT|POST|PATCH)$) { rewrite ^ /upload last; }
    location = /upload { internal; proxy_pass http://unix:${folder}/inner.sock:; }
  }
  server {
    listen unix:${folder}/inner.sock;
    access_log off;
    location = /status { stub_status; }
    location / { return 204; }
  }
}
`;
