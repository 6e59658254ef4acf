/**
 * Which public feeds this device uses: those that `up` takes from the catalogue by itself, and those that somebody
 * turns on, off, or away.
 *
 * Easy to get wrong: a default feed that was removed must not come back at the next start, so removals are remembered.
 */
import type { CatalogueView, FeedView } from '@sallyport/contract/control';
import { ControlError } from '@sallyport/contract/control-error';

import { type CatalogueFeed, isDefault } from '../feed-catalogue/catalogue-entry.ts';
import { catalogued } from '../feed-catalogue/catalogue.ts';
import type { FeedStore } from '../feed-store/feed-store.ts';
import type { StoredFeed } from '../feed-store/stored-feed.ts';
import { printable } from '../feeds/feed-error.ts';
import { closestNames } from '../settings/closest-name.ts';
import type { Facts } from '../state/facts.ts';
import type { FeedIntake, OnProgress } from './feed-intake.ts';

interface Parts {
  readonly catalogue: readonly CatalogueFeed[];
  readonly store: FeedStore;
  readonly intake: FeedIntake;
  readonly facts: Facts;
  /** As settings and the agent's options say now. */
  readonly usesDefaults: () => boolean;
}

const DECLINED_FACT = 'declined-feeds';

export class FeedSelection {
  readonly #parts: Parts;

  constructor(parts: Parts) {
    this.#parts = parts;
  }

  /** Takes the default feeds in, or gives them up. Lines for whoever starts the agent. */
  async applyDefaults(): Promise<readonly string[]> {
    const { catalogue, store, intake, usesDefaults } = this.#parts;
    if (!usesDefaults()) {
      await intake.dropDefaults(() => {});
      return [];
    }
    const declined = this.#declined();
    for (const entry of catalogue) {
      const isNew = isDefault(entry) && !declined.has(entry.id) && this.#feedOf(entry) === null;
      if (isNew) await intake.adopt(entry, 'default');
    }
    const names = store
      .all()
      .filter(({ view }) => view.origin === 'default' && view.enabled)
      .map(({ view }) => view.catalogueId ?? view.id);
    if (names.length === 0) return [];
    return [
      `default feeds, free for any use: ${names.join(', ')}`,
      '  to turn one off: sallyport feed disable ID; all of them: up --no-default-feeds, or sallyport config set DefaultFeeds false',
    ];
  }

  catalogue(): readonly CatalogueView[] {
    return this.#parts.catalogue.map((entry) => {
      const feed = this.#feedOf(entry);
      return {
        id: entry.id,
        name: entry.name,
        url: entry.url,
        homepage: entry.homepage,
        purpose: entry.purpose,
        licence: entry.licence,
        use: entry.use,
        format: entry.format,
        category: entry.category,
        intervalHours: entry.intervalHours,
        description: entry.description,
        needsKey: entry.needsKey === true,
        note: entry.note ?? null,
        isDefault: isDefault(entry),
        state: feed === null ? 'available' : feed.view.enabled ? 'on' : 'off',
      };
    });
  }

  /** Throws ControlError `not-found`, or `invalid` for a feed that wants a key. */
  async enable(text: string, onProgress: OnProgress): Promise<FeedView> {
    const { catalogue, store, intake } = this.#parts;
    const known = store.find(text.trim());
    if (known !== null) return intake.setEnabled(known.view.id, true, onProgress);
    const entry = catalogued(text, catalogue);
    if (entry === null) throw this.#unknown(text);
    if (entry.needsKey === true) throw new ControlError('invalid', `${entry.id}: ${entry.note ?? 'needs a key'}`);
    const same = store.find(entry.url);
    if (same !== null) return intake.setEnabled(same.view.id, true, onProgress);
    this.#forgetDeclined(entry.id);
    return intake.adopt(entry, 'chosen');
  }

  async disable(text: string): Promise<FeedView> {
    const { store, intake } = this.#parts;
    const known = store.find(text.trim());
    if (known === null) throw this.#unknown(text);
    return intake.setEnabled(known.view.id, false, () => {});
  }

  async remove(text: string): Promise<FeedView> {
    const { facts, intake } = this.#parts;
    const removed = await intake.remove(text);
    if (removed.catalogueId !== null) {
      facts.set(DECLINED_FACT, [...this.#declined().add(removed.catalogueId)].join(' '));
    }
    return removed;
  }

  #feedOf(entry: CatalogueFeed): StoredFeed | null {
    return this.#parts.store.find(entry.id) ?? this.#parts.store.find(entry.url);
  }

  #declined(): Set<string> {
    return new Set((this.#parts.facts.get(DECLINED_FACT) ?? '').split(' ').filter(Boolean));
  }

  #forgetDeclined(id: string): void {
    const declined = this.#declined();
    if (declined.delete(id)) this.#parts.facts.set(DECLINED_FACT, [...declined].join(' '));
  }

  #unknown(text: string): ControlError {
    const { store, catalogue } = this.#parts;
    const names = [...store.all().map(({ view }) => view.id), ...catalogue.map(({ id }) => id)];
    const near = closestNames(text, names);
    const hint = near.length > 0 ? `did you mean ${near.join(' or ')}?` : 'see `feed list` and `feed catalogue`';
    return new ControlError('not-found', `${printable(text, 200)}: no such feed; ${hint}`);
  }
}
