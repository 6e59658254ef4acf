/** Says whether it can watch connections, and then does until it is killed: for tests of what stays and of what is missing. */
import { watchConnects } from '../src/process/connect-watch.ts';

const watching = watchConnects();
process.stdout.write(`${watching.kind === 'watching' ? 'watching' : watching.reason}\n`);
if (watching.kind === 'watching') setInterval(() => {}, 60_000);
