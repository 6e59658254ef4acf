import assert from 'node:assert/strict';
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, suite, test } from 'node:test';

import { autocorking, BorrowedSysctl, type ValueMemory } from '../src/borrowed-sysctl.ts';
import { StateDirectory } from '../src/state-directory.ts';

class FakeMemory implements ValueMemory {
  value: string | null = null;
  full = false;
  read(): string | null {
    return this.value;
  }
  write(value: string): void {
    if (this.full) throw new Error('no space left on device');
    this.value = value;
  }
  forget(): void {
    this.value = null;
  }
}

let directory = '';
let path = '';
let memory: FakeMemory;
const setting = (): string => readFileSync(path, 'utf8').trim();

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'gate-sysctl-'));
  path = join(directory, 'tcp_autocorking');
  writeFileSync(path, '1\n');
  memory = new FakeMemory();
});
afterEach(() => rmSync(directory, { recursive: true }));

suite('a kernel setting on loan', () => {
  test('set, set again, and put back as it was found', () => {
    const sysctl = new BorrowedSysctl(path, memory);
    sysctl.set('0');
    assert.equal(setting(), '0');
    assert.equal(memory.value, '1');
    sysctl.set('0');
    assert.equal(memory.value, '1');
    sysctl.restore();
    assert.equal(setting(), '1');
    assert.equal(memory.value, null);
    sysctl.restore();
    assert.equal(setting(), '1');
  });

  test('after a crash the next process puts back what the first one found', () => {
    new BorrowedSysctl(path, memory).set('0');
    const next = new BorrowedSysctl(path, memory);
    next.set('0');
    next.restore();
    assert.equal(setting(), '1');
    assert.equal(memory.value, null);
  });

  test('after a crash between remembering and setting as well', () => {
    memory.value = '1';
    const next = new BorrowedSysctl(path, memory);
    next.set('0');
    assert.equal(setting(), '0');
    next.restore();
    assert.equal(setting(), '1');
  });

  test('a setting that has the value already is not ours to put back', () => {
    writeFileSync(path, '0\n');
    const sysctl = new BorrowedSysctl(path, memory);
    sysctl.set('0');
    assert.equal(memory.value, null);
    writeFileSync(path, '1\n');
    sysctl.restore();
    assert.equal(setting(), '1');
  });

  test('a kernel without the setting, or one that refuses: nothing fails and nothing is left to do', () => {
    for (const refused of [join(directory, 'missing'), directory]) {
      const sysctl = new BorrowedSysctl(refused, memory);
      sysctl.set('0');
      assert.equal(memory.value, null);
      memory.value = '1';
      sysctl.restore();
      assert.equal(memory.value, null);
    }
  });

  test('what cannot be remembered is not changed', () => {
    memory.full = true;
    new BorrowedSysctl(path, memory).set('0');
    assert.equal(setting(), '1');
  });

  test('what is remembered lies in the state directory until it is put back', () => {
    mkdirSync(join(directory, 'gate'));
    const state = new StateDirectory(directory);
    state.writeJson('autocorking.json', 1); // not as we write it: nothing is known
    autocorking(state).restore();
    assert.equal(state.readJson('autocorking.json'), 1);
  });
});
