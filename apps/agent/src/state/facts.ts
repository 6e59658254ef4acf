/** Single values the agent remembers: its device id, the key of its tables, which table is current. */
import type { DatabaseSync } from 'node:sqlite';

export class Facts {
  readonly #database: DatabaseSync;

  constructor(database: DatabaseSync) {
    this.#database = database;
  }

  get(name: string): string | null {
    const row = this.#database.prepare('SELECT value FROM fact WHERE name = ?').get(name);
    return typeof row?.['value'] === 'string' ? row['value'] : null;
  }

  set(name: string, value: string): void {
    this.#database.prepare('INSERT OR REPLACE INTO fact (name, value) VALUES (?, ?)').run(name, value);
  }

  /** The value, made and kept the first time. */
  once(name: string, make: () => string): string {
    const known = this.get(name);
    if (known !== null) return known;
    const value = make();
    this.set(name, value);
    return value;
  }
}
