/** The words in flow records are those of the packages that decide: contract imports neither, so it keeps its own lists. */
import assert from 'node:assert/strict';
import { test } from 'node:test';

import {
  ACTIONS as RECORDED_ACTIONS,
  EFFECTS,
  LAYERS,
  RESPONSE_CATEGORIES as RECORDED_CATEGORIES,
  type Layer as RecordedLayer,
  WEB_CATEGORIES as RECORDED_WEB_CATEGORIES,
} from '@sallyport/contract/flow-record';
import { LOW_REPUTATION_ACTIONS as SETTABLE } from '@sallyport/contract/gate-settings';
import { ACTIONS, RESPONSE_CATEGORIES } from '@sallyport/hosts/rule';
import { WEB_CATEGORIES } from '@sallyport/hosts/web-category';
import { type Effect, type Layer, LOW_REPUTATION_ACTIONS } from '@sallyport/policy/verdict';

test('web categories, in the same order', () => assert.deepEqual(RECORDED_WEB_CATEGORIES, WEB_CATEGORIES));

test('response categories, behind the one that is none', () => {
  assert.deepEqual(RECORDED_CATEGORIES, ['None', ...RESPONSE_CATEGORIES]);
});

test('actions, the one that is none among them', () => {
  assert.deepEqual([...RECORDED_ACTIONS].toSorted(), ['none', ...ACTIONS].toSorted());
});

test('layers and effects', () => {
  const layers = { exclusion: 0, indicator: 0, reputation: 0, category: 0, score: 0 } satisfies Record<Layer, number>;
  const recorded: readonly RecordedLayer[] = LAYERS;
  assert.deepEqual([...recorded].toSorted(), ['none', ...Object.keys(layers)].toSorted());
  const effects = { pass: 0, audit: 0, block: 0, warn: 0 } satisfies Record<Effect, number>;
  assert.deepEqual([...EFFECTS].toSorted(), Object.keys(effects).toSorted());
});

test('what becomes of names of low reputation', () => assert.deepEqual(SETTABLE, LOW_REPUTATION_ACTIONS));
