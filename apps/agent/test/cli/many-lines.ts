/** Leaves as main.ts does, with more written than anything between two processes holds. */
import { flush } from '../../src/cli/terminal.ts';

for (let line = 0; line < 1024; line++) process.stdout.write(`${'x'.repeat(1023)}\n`);
process.stderr.write('written\n');
await flush(process.stdout);
process.exit(0); // oxlint-disable-line unicorn/no-process-exit -- it is what loses what was not flushed
