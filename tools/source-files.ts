/**
 * Which files of the tree are ours. Tests about the tree ask here, so that a folder one of them forgets is
 * forgotten by none: everything but installed packages and hidden folders counts.
 */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';

/** The repository root. Absolute, no slash at the end. */
export const ROOT = join(import.meta.dirname, '..');

/** Where TypeScript lives, relative to the root. */
const SOURCE_FOLDERS = ['packages', 'apps', 'lab', 'bench', 'tools'];

/** Folders that hold one package each, relative to the root and sorted, such as `packages/wire`. */
export function packageFolders(): string[] {
  const below = (parent: string): string[] =>
    readdirSync(join(ROOT, parent), { withFileTypes: true })
      .filter((entry) => entry.isDirectory())
      .map((entry) => `${parent}/${entry.name}`);
  return [...below('packages'), ...below('apps'), 'lab', 'bench'].toSorted();
}

/** Every `.ts` file of ours, relative to the root and sorted. */
export function sourceFiles(): string[] {
  return SOURCE_FOLDERS.flatMap((folder) => typescriptBelow(folder)).toSorted();
}

function typescriptBelow(folder: string): string[] {
  return readdirSync(join(ROOT, folder), { withFileTypes: true }).flatMap((entry) => {
    const path = `${folder}/${entry.name}`;
    if (entry.isDirectory())
      return entry.name === 'node_modules' || entry.name.startsWith('.') ? [] : typescriptBelow(path);
    return entry.name.endsWith('.ts') ? [path] : [];
  });
}
