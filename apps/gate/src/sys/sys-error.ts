/** A system call that failed. Switch on `code`; `message` is for people. */
import { getSystemErrorMap } from 'node:util';

export class SysError extends Error {
  override readonly name = 'SysError';
  readonly syscall: string;
  readonly code: string;

  constructor(syscall: string, errno: number, options?: ErrorOptions) {
    const [code, text] = getSystemErrorMap().get(-errno) ?? [`E${errno}`, 'unknown error'];
    super(`${syscall}: ${text} (${code})`, options);
    this.syscall = syscall;
    this.code = code;
  }
}
