/** Exit codes, the same for every command (docs/cli.md). */
export const EXIT = {
  ok: 0,
  /** Refused or failed; nothing changed unless the message says so. */
  failed: 1,
  /** Typed wrongly. */
  usage: 2,
  /** No agent runs, there is no state, or it cannot be reached. */
  notRunning: 3,
} as const;
