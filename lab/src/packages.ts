/**
 * The Debian packages that provide the programs used by the lab and by the benchmark.
 *
 * The launcher is a shell script and reads the same names from `debian-packages.txt` beside this
 * folder and in `bench/`; a test keeps the two in step.
 */

/** Needed to run the tests; clang builds the eBPF program again, to compare. */
export const LAB_PACKAGES = [
  'chromium',
  'clang',
  'curl',
  'iproute2',
  'nginx-light',
  'openssl',
  'python3',
  'tcpdump',
  'wget',
  'wrk',
] as const;
