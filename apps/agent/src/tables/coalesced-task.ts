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
  #running = false;

  constructor(task: () => Promise<void>) {
    this.#task = task;
  }

  /** Resolves or rejects with the first run that begins after this call. */
  request(): Promise<void> {
    this.#waiting ??= Promise.withResolvers<void>();
    const { promise } = this.#waiting;
    if (!this.#running) void this.#drain();
    return promise;
  }

  async #drain(): Promise<void> {
    this.#running = true;
    // Requests of the same turn share the first run as well.
    await Promise.resolve();
    while (this.#waiting !== null) {
      const served = this.#waiting;
      this.#waiting = null;
      await this.#task().then(served.resolve, served.reject);
    }
    this.#running = false;
  }
}
