/**
 * Collects garbage once work is over. V8 collects when it needs room; a process that worked hard for a second and
 * then does next to nothing keeps what it grew to, for hours. Needs `--expose-gc`, does nothing without.
 *
 * Easy to get wrong: a collection takes some 20 ms, in which nothing else happens. So it waits for a second in which
 * hardly anything was done, and it is not worth it before some work has piled up.
 */
const WORTH_IT_US = 150_000;
const IDLE_US = 30_000;

export class IdleCollection {
  readonly #collect: (() => void) | undefined;
  readonly #cpuUs: () => number;
  #lastUs: number;
  #collectedUs: number;

  /** `cpuUs`: processor time of this process so far, in microseconds. */
  constructor(collect: (() => void) | undefined = globalThis.gc, cpuUs: () => number = processCpuUs) {
    this.#collect = collect;
    this.#cpuUs = cpuUs;
    this.#lastUs = cpuUs();
    this.#collectedUs = 0;
  }

  /** To be called about once a second. */
  tick(): void {
    const nowUs = this.#cpuUs();
    const isIdle = nowUs - this.#lastUs < IDLE_US;
    this.#lastUs = nowUs;
    if (!isIdle || nowUs - this.#collectedUs < WORTH_IT_US) return;
    this.#collect?.();
    this.#lastUs = this.#cpuUs();
    this.#collectedUs = this.#lastUs;
  }
}

function processCpuUs(): number {
  const { user, system } = process.cpuUsage();
  return user + system;
}
