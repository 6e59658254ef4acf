/** All indicators, page by page: half a million do not fit into one answer, nor need they fit into memory. */
import type { Control } from '@sallyport/contract/control';
import type { Indicator } from '@sallyport/contract/indicator';

/** The agent makes such a page in a few milliseconds, in which it does nothing else. */
const PAGE = 1000;

export async function* indicatorPages(control: Control): AsyncGenerator<readonly Indicator[]> {
  let after = 0;
  for (;;) {
    const page = await control.indicators({ after, limit: PAGE });
    const last = page.at(-1);
    if (last === undefined) return;
    yield page;
    after = Number(last.id);
  }
}
