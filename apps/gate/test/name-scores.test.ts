import assert from 'node:assert/strict';
import { suite, test } from 'node:test';

import type { NameScore } from '@sallyport/policy/verdict';
import fc from 'fast-check';

import { NameScores } from '../src/queue/name-scores.ts';
import { bytesOf } from './packets.ts';

/** Scores a name by its length, and counts how often it is asked. */
function counted(): { readonly scores: NameScores; readonly asked: () => number } {
  let asked = 0;
  const scores = new NameScores((name) => {
    asked++;
    return name.length % 2 === 0 ? null : { score: name.length, reasons: [Buffer.from(name).toString('latin1')] };
  });
  return { scores, asked: () => asked };
}

suite('name scores', () => {
  const cases: readonly { name: string; asked: string; again: string; want: number }[] = [
    { name: 'a score is remembered', asked: 'odd.example', again: 'odd.example', want: 1 },
    { name: 'that there is none is remembered', asked: 'even.example', again: 'even.example', want: 1 },
    { name: 'another name is asked for itself', asked: 'a.example', again: 'b.example', want: 2 },
    { name: 'a beginning is another name', asked: 'a.example', again: 'a.exampl', want: 2 },
    { name: 'the longest that is remembered', asked: 'x'.repeat(63), again: 'x'.repeat(63), want: 1 },
    { name: 'longer ones are scored each time', asked: 'x'.repeat(64), again: 'x'.repeat(64), want: 2 },
    { name: 'the empty name', asked: '', again: '', want: 2 },
  ];
  for (const { name, asked, again, want } of cases) {
    test(name, () => {
      const { scores, asked: times } = counted();
      scores.ask(bytesOf(asked));
      const answer = scores.ask(bytesOf(again));
      assert.equal(times(), want);
      const score: NameScore | null = again.length % 2 === 0 ? null : { score: again.length, reasons: [again] };
      assert.deepEqual(answer, score);
    });
  }

  test('whatever was asked before, the answer is that of the function', () => {
    const { scores } = counted();
    fc.assert(
      fc.property(fc.array(fc.stringMatching(/^[ab.]{0,9}$/), { maxLength: 200 }), (names) => {
        for (const name of names) {
          const bytes = bytesOf(name);
          const answer = scores.ask(bytes);
          bytes.fill(0); // names are views on a buffer that is used again
          assert.deepEqual(answer, name.length % 2 === 0 ? null : { score: name.length, reasons: [name] });
        }
      }),
    );
  });
});
