import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import { readFeedOptions } from '../src/core/feed-options.ts';
import { isDefault } from '../src/feed-catalogue/catalogue-entry.ts';
import { CATALOGUE, catalogued } from '../src/feed-catalogue/catalogue.ts';

suite('catalogue', () => {
  for (const feed of CATALOGUE) {
    test(feed.id, () => {
      assert.match(feed.id, /^[a-z][a-z0-9-]{2,30}$/);
      assert.match(feed.url, /^https:\/\//);
      assert.match(feed.homepage, /^https:\/\//);
      assert.ok(feed.intervalHours >= 1 && feed.intervalHours <= 24 * 30);
      assert.ok(feed.licence !== '' && feed.description.length < 110, feed.description);
      assert.equal(feed.needsKey === true, feed.url.includes('YOUR-KEY'));
      if (feed.needsKey === true) assert.match(feed.note ?? '', /key/i);
      // Everything that a user could have typed.
      const { url, format, category, confidence } = feed;
      const options = readFeedOptions({
        location: url,
        format,
        category,
        ...(confidence !== undefined && { confidence }),
      });
      assert.deepEqual([options.format, options.category], [format, category]);
    });
  }

  test('every feed is there once, about forty of them', () => {
    assert.equal(new Set(CATALOGUE.map(({ id }) => id)).size, CATALOGUE.length);
    assert.equal(new Set(CATALOGUE.map(({ url }) => url)).size, CATALOGUE.length);
    assert.ok(CATALOGUE.length >= 40, String(CATALOGUE.length));
  });

  test('on by default is every list of threats that allows any use, and nothing else', () => {
    const defaults = CATALOGUE.filter(isDefault);
    assert.ok(defaults.length >= 10);
    for (const feed of defaults) {
      assert.equal(feed.use, 'any', feed.id);
      assert.doesNotMatch(feed.licence, /NC|non-commercial|fair use|personal/i);
    }
    assert.equal(catalogued('URLhaus-Filter')?.id, 'urlhaus-filter');
    for (const id of ['urlhaus', 'threatfox', 'openphish', 'firehol-level1', 'ut1-adult', 'stevenblack']) {
      const feed = catalogued(id);
      assert.equal(feed === null ? null : isDefault(feed), false, id);
    }
  });
});
