/** Watches connections until it is killed: for the test that nothing of it stays. */
import { watchConnects } from '../src/process/connect-watch.ts';

const watching = watchConnects();
process.stdout.write(`${watching.kind}\n`);
setInterval(() => {}, 60_000);
