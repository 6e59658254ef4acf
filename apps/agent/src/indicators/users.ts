/**
 * The users of this machine, from /etc/passwd. What only a directory service knows has to be written as a uid: the
 * agent is not able to ask one, and a look-up that may take seconds has no place in compiling a table.
 */
import { readFileSync } from 'node:fs';

import type { Users } from './scope-items.ts';

const PASSWD = '/etc/passwd';

/** Empty when the file cannot be read; every user is unknown then, and reported as such. */
export function readUsers(path = PASSWD): Users {
  let text: string;
  try {
    text = readFileSync(path, 'utf8');
  } catch {
    return {};
  }
  const entries = text
    .split('\n')
    .map((line) => line.split(':'))
    .filter(([name = '', , uid = '']) => name !== '' && /^\d{1,10}$/.test(uid))
    .map(([name = '', , uid]) => [name, Number(uid)] as const);
  return Object.fromEntries(entries);
}
