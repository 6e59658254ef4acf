/** The child process that fetches and reads feeds, ready to be started; to be called before privileges are dropped. */
import { type ChildProgram, collectProgram } from '../tables/child-program.ts';

export const feedReaderProgram = (): ChildProgram =>
  collectProgram(new URL('../tables/reputation-main.ts', import.meta.url));
