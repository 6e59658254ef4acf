/** The category policies, by name in any case. A handful, so they are kept in memory; the database is written first. */
import type { DatabaseSync } from 'node:sqlite';

import type { CategoryPolicy } from '@sallyport/contract/category-policy';

const keyOf = (name: string): string => name.trim().toLowerCase();

export class CategoryStore {
  readonly #database: DatabaseSync;
  readonly #policies = new Map<string, CategoryPolicy>();

  constructor(database: DatabaseSync) {
    this.#database = database;
    for (const row of database.prepare('SELECT name, body FROM category_policy ORDER BY rowid').iterate()) {
      const policy = JSON.parse(String(row['body'])) as CategoryPolicy; // oxlint-disable-line typescript/no-unsafe-type-assertion -- written by `put` below
      this.#policies.set(String(row['name']), policy);
    }
  }

  /** In the order in which they were added first. */
  all(): readonly CategoryPolicy[] {
    return [...this.#policies.values()];
  }

  find(name: string): CategoryPolicy | null {
    return this.#policies.get(keyOf(name)) ?? null;
  }

  put(policy: CategoryPolicy): void {
    const key = keyOf(policy.name);
    this.#database
      .prepare(
        'INSERT INTO category_policy (name, body) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET body = excluded.body',
      )
      .run(key, JSON.stringify(policy));
    this.#policies.set(key, policy);
  }

  remove(name: string): void {
    this.#database.prepare('DELETE FROM category_policy WHERE name = ?').run(keyOf(name));
    this.#policies.delete(keyOf(name));
  }
}
