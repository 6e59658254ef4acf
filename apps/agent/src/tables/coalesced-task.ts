/**
 * Runs a task for everybody who asks, never twice at once, and never more often than needed: whoever asks while it
 * runs is served by the next run, together with all others who asked meanwhile.
 *
 * Easy to get wrong: a request must not be answered by a run that had already begun, because that run may have read
 * the state before the change the request is about.
 */
export class CoalescedTask {
  readonly #task: () => Promise<void>;
  #waiting: PromiseWithResolvers<void> | null = null;
  #draining: Promise<void> | null = null;

  constructor(task: () => Promise<void>) {
    this.#task = task;
  }

  /** Resolves or rejects with the first run that begins after this call. */
  request(): Promise<void> {
    this.#waiting ??= Promise.withResolvers<void>();
    const { promise } = this.#waiting;
    this.#draining ??= this.#drain();
    return promise;
  }

  /** Resolves when no run is under way or due. */
  async settled(): Promise<void> {
    while (this.#draining !== null) await this.#draining;
  }

  async #drain(): Promise<void> {
    // Requests of the same turn share the first run as well.
    await Promise.resolve();
    while (this.#waiting !== null) {
      const served = this.#waiting;
      this.#waiting = null;
      await this.#task().then(served.resolve, served.reject);
    }
    this.#draining = null;
  }
}
