/** Where the version 2 control group hierarchy is mounted (proc(5), mountinfo). Pure. */

/**
 * The mount point of its root, from the text of /proc/self/mountinfo; null when it is not mounted, or only a part of it
 * is (a bind mount, a cgroup namespace): programs attached there would miss the others.
 */
export function unifiedHierarchy(mountinfo: string): string | null {
  for (const line of mountinfo.split('\n')) {
    const [before = '', after = ''] = line.split(' - ', 2);
    const [, , , root, mountPoint] = before.split(' ');
    if (after.startsWith('cgroup2 ') && root === '/' && mountPoint !== undefined) return unescaped(mountPoint);
  }
  return null;
}

/** Space, tab, newline and backslash are written in octal. */
const unescaped = (path: string): string =>
  path.replaceAll(/\\([0-7]{3})/g, (_, digits: string) => String.fromCharCode(Number.parseInt(digits, 8)));
