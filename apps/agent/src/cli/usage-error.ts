/** What was typed is wrong: exit code 2. `message` names it and the remedy, on one line. */
export class UsageError extends Error {
  override readonly name = 'UsageError';
}
