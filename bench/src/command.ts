/** What the commands of the bench share: how they say where they are, end, refuse and write down. */
import { appendFile } from 'node:fs/promises';

/** The page that `--write` appends to; its introduction is part of the project. */
const RESULTS_FILE = new URL('../../docs/benchmarks.md', import.meta.url);

/** Says what is wrong in one line and ends. */
export class Refusal extends Error {}

export function progress(line: string): void {
  process.stderr.write(`${line}\n`);
}

export const writeResults = (section: string): Promise<void> => appendFile(RESULTS_FILE, `\n${section}`);

/** Runs a command. A mistake of its user costs one line, a defect of ours shows where it is; either exits with 1. */
export async function runCommand(main: () => void | Promise<void>): Promise<void> {
  try {
    await main();
  } catch (error) {
    const isExpected = error instanceof Refusal || (error instanceof Error && 'code' in error);
    const text = error instanceof Error ? (isExpected ? error.message : (error.stack ?? error.message)) : String(error);
    process.stderr.write(`${text}\n`);
    process.exitCode = 1;
  }
}
