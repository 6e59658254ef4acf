/**
 * Starts a program that can write below one directory only: `confine-agent.ts DIRECTORY PROGRAM ARGUMENT…`
 *
 * The launcher starts the agent through this. Landlock and no_new_privs are inherited across exec and cannot be taken
 * off again, so whatever happens inside the agent stays inside its state directory. Kernels without Landlock leave
 * the user's ordinary file permissions; that is said on standard error.
 */
import { confineWrites, forbidNewPrivileges, landlockVersion, replaceProcess } from './sys/libc.ts';

const [directory, program, ...rest] = process.argv.slice(2);
if (directory === undefined || program === undefined) {
  throw new Error('usage: confine-agent.ts DIRECTORY PROGRAM ARGUMENT...');
}
forbidNewPrivileges();
if (landlockVersion() > 0) {
  confineWrites([directory], ['/dev/null']);
} else {
  process.stderr.write('sallyport: this kernel has no Landlock; the agent is held by file permissions alone\n');
}
replaceProcess(program, [program, ...rest]);
