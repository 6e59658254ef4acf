/** The agent as a process. The last test needs root, because it is about giving root up. */
import assert from 'node:assert/strict';
import { type ChildProcessByStdio, spawn } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, statSync, writeFileSync } from 'node:fs';
import { createInterface } from 'node:readline';
import type { Readable } from 'node:stream';
import { suite, test } from 'node:test';

import { connectControl } from '../src/control/client.ts';
import { GateDouble } from './gate-double.ts';
import { temporaryState, type TemporaryState } from './state-fixture.ts';

const MAIN = new URL('../src/main.ts', import.meta.url).pathname;
const UNPRIVILEGED = 61_234;
const isRoot = process.getuid?.() === 0;

class Agent implements AsyncDisposable {
  readonly process: ChildProcessByStdio<null, Readable, Readable>;
  readonly lines: string[] = [];
  readonly exit: Promise<number | null>;
  errors = '';

  constructor(state: TemporaryState, ...more: string[]) {
    const identity = isRoot ? ['--uid', String(UNPRIVILEGED), '--gid', String(UNPRIVILEGED)] : [];
    this.process = spawn(
      process.execPath,
      [MAIN, '--state-dir', state.root, '--foreground', '--no-default-feeds', ...identity, ...more],
      {
        stdio: ['ignore', 'pipe', 'pipe'],
      },
    );
    this.process.stderr.on('data', (chunk: Buffer) => (this.errors += chunk.toString()));
    this.exit = new Promise((resolve) => this.process.once('close', resolve));
  }

  /** Reads standard output up to a line that matches, or its end. */
  async until(pattern: RegExp): Promise<string | undefined> {
    for await (const line of createInterface({ input: this.process.stdout })) {
      this.lines.push(line);
      if (pattern.test(line)) return line;
    }
    return undefined;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.process.kill('SIGKILL');
    await this.exit;
  }
}

/** As the launcher makes it. */
function stateForAgent(): TemporaryState {
  const state = temporaryState();
  mkdirSync(state.directory.agent);
  mkdirSync(`${state.root}/gate`);
  if (isRoot) {
    chmodSync(state.root, 0o755);
    chmodSync(`${state.root}/gate`, 0o755);
    chownSync(state.directory.agent, UNPRIVILEGED, 0);
    chmodSync(state.directory.agent, 0o2750);
  }
  return state;
}

async function gateIn(state: TemporaryState): Promise<GateDouble> {
  const gate = await GateDouble.listen(state.root);
  chmodSync(state.directory.gateSocket, 0o777);
  return gate;
}

suite('agent process', () => {
  test('says when it protects, refuses a second agent, and stops cleanly', async () => {
    using state = stateForAgent();
    await using _ = await gateIn(state);
    await using agent = new Agent(state);
    assert.match((await agent.until(/^Sallyport/)) ?? agent.errors, /^Sallyport is protecting this machine/);
    await using second = new Agent(state);
    assert.equal(await second.exit, 1);
    assert.match(second.errors, /^sallyport agent: .* is in use by another agent or command.*\n$/);
    agent.process.kill('SIGTERM');
    assert.equal(await agent.exit, 0, agent.errors);
  });

  const modes = [
    { mode: 'audit', line: /^Sallyport is running in audit mode/ },
    { mode: 'disabled', line: /^Sallyport is disabled/ },
  ];
  for (const { mode, line } of modes) {
    test(`--mode ${mode}`, async () => {
      using state = stateForAgent();
      await using _ = await gateIn(state);
      await using agent = new Agent(state, '--mode', mode);
      assert.match((await agent.until(/^Sallyport/)) ?? agent.errors, line);
    });
  }

  test('an unknown mode is one line and exit 1', async () => {
    using state = stateForAgent();
    await using agent = new Agent(state, '--mode', 'loud');
    assert.equal(await agent.exit, 1);
    assert.match(agent.errors, /^sallyport agent: EnableNetworkProtection: "loud" is not accepted.*\n$/);
  });

  test(
    'as root it becomes the given user, and can still read feeds',
    { skip: isRoot ? false : 'needs root' },
    async () => {
      using state = stateForAgent();
      await using _ = await gateIn(state);
      await using agent = new Agent(state);
      await agent.until(/^Sallyport/);
      assert.equal(statSync(`/proc/${agent.process.pid}`).uid, UNPRIVILEGED);
      assert.equal(statSync(state.directory.controlSocket).uid, UNPRIVILEGED);
      const path = `${state.root}/list.txt`;
      writeFileSync(path, 'bad.example\n', { mode: 0o600 });
      const control = await connectControl(state.root);
      const content = new Blob(['bad.example\n']).stream();
      const feed = await control?.addFeed({ location: path, format: 'detect', category: 'c2' }, content);
      assert.equal(feed?.entries.hosts, 1);
      assert.equal(statSync(state.directory.tables).uid, UNPRIVILEGED);
      // What only root can read is not read by the agent itself.
      await assert.rejects(control?.refreshFeed('1') ?? Promise.resolve(), /permission denied/);
    },
  );
});
