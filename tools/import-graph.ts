/**
 * Which modules load at run time when the given files load. Prints JSON: `Reached`.
 *
 *   node --experimental-vm-modules tools/import-graph.ts FILE...
 *
 * V8 itself parses each file after type stripping, so `import type` is gone as it is when the program runs, while
 * `import { type A } from 'x'` still counts because it still loads x. What V8's list leaves out is read from the text:
 * `import('x')` and `new URL('x.ts', import.meta.url)`, which is how workers start. A specifier that is not a literal
 * cannot be followed and is reported, not skipped.
 */
import { readFileSync } from 'node:fs';
import { createRequire, isBuiltin, stripTypeScriptTypes } from 'node:module';
import { dirname, resolve } from 'node:path';
import { SourceTextModule } from 'node:vm';

export interface Reached {
  /** Files of ours, absolute, links resolved. */
  readonly files: readonly string[];
  readonly builtins: readonly string[];
  /** Specifiers that lead into node_modules, each with the files that name it. */
  readonly thirdParty: Readonly<Record<string, readonly string[]>>;
  /** `file: reason` for each import that could not be followed. */
  readonly unknown: readonly string[];
}

function importGraph(entries: readonly string[]): Reached {
  const files = new Set<string>();
  const builtins = new Set<string>();
  const thirdParty: Record<string, string[]> = {};
  const unknown: string[] = [];
  const waiting = entries.map((entry) => resolve(entry));
  for (let file = waiting.pop(); file !== undefined; file = waiting.pop()) {
    if (files.has(file)) continue;
    files.add(file);
    const code = stripTypeScriptTypes(readFileSync(file, 'utf8'));
    for (const specifier of specifiersIn(code, file, unknown)) {
      if (isBuiltin(specifier)) {
        builtins.add(specifier);
        continue;
      }
      const target = locate(specifier, file);
      if (target === null) unknown.push(`${file}: cannot find ${specifier}`);
      else if (target.includes('/node_modules/')) (thirdParty[specifier] ??= []).push(file);
      else waiting.push(target);
    }
  }
  return { files: [...files].toSorted(), builtins: [...builtins].toSorted(), thirdParty, unknown };
}

function specifiersIn(code: string, file: string, unknown: string[]): string[] {
  const loads = new SourceTextModule(code, { identifier: file }).moduleRequests.map(({ specifier }) => specifier);
  for (const [call, literal] of code.matchAll(/\bimport\s*\(\s*(?:['"]([^'"]+)['"]\s*[,)])?/g)) {
    if (literal === undefined) unknown.push(`${file}: ${call} without a literal`);
    else loads.push(literal);
  }
  for (const [, literal] of code.matchAll(/new URL\(\s*['"]([^'"]+\.ts)['"],\s*import\.meta\.url/g)) {
    if (literal !== undefined) loads.push(resolve(dirname(file), literal));
  }
  if (/\b(?:createRequire|getBuiltinModule)\b/.test(code))
    unknown.push(`${file}: loads modules behind the import graph`);
  return loads;
}

/** Follows links, so a workspace package comes out as its own folder. */
function locate(specifier: string, from: string): string | null {
  try {
    return createRequire(from).resolve(specifier);
  } catch {
    return null;
  }
}

console.log(JSON.stringify(importGraph(process.argv.slice(2))));
