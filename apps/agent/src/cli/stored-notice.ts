/** After a change: whether it is in force already. */
import type { Context, OpenedControl } from './context.ts';

export async function noticeWhenStored(context: Context, { running }: OpenedControl): Promise<void> {
  if (!running) await context.err.write('no agent is running; stored, takes effect at the next start\n');
}
