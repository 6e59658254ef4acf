/** The child process that compiles indicators and category policies; to be called before privileges are dropped. */
import { type ChildProgram, collectProgram } from '../tables/child-program.ts';

export const policyProgram = (): ChildProgram => collectProgram(new URL('../tables/policy-main.ts', import.meta.url));
