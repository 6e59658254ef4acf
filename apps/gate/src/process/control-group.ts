/**
 * What a process's control groups say (cgroups(7), /proc/PID/cgroup): its path, and the container it is in. Pure.
 *
 * Easy to get wrong: runtimes put helpers of a container (conmon, lxc's monitor) into groups that carry its id as well;
 * those are not in the container. Of containers inside of one another the outermost is named: it is the one that this
 * machine's own runtime knows.
 */
import type { Subject } from '@sallyport/hosts/scope';

export interface ControlGroup {
  /** Below the hierarchy's root, with a leading slash. */
  readonly path: string;
  /** Whether the path is the one in the version 2 hierarchy. */
  readonly unified: boolean;
}

/** Where version 2 says nothing (hybrid systems keep everything at its root), the first of these does. */
const VERSION_1 = ['name=systemd', 'pids', 'memory', 'devices'];
const DELETED = ' (deleted)';

/** Null when the text holds no line of the file's form. */
export function readControlGroup(text: string): ControlGroup | null {
  const paths = new Map<string, string>();
  for (const line of text.split('\n')) {
    const [, controllers, path] = /^\d+:([^:]*):(\/.*)$/.exec(line) ?? [];
    if (controllers === undefined || path === undefined) continue;
    const living = path.endsWith(DELETED) ? path.slice(0, -DELETED.length) : path;
    for (const controller of controllers.split(',')) paths.set(controller, living);
  }
  const unified = paths.get('');
  if (unified !== undefined && unified !== '/') return { path: unified, unified: true };
  const older = VERSION_1.map((controller) => paths.get(controller)).find((path) => path !== undefined && path !== '/');
  if (older !== undefined) return { path: older, unified: false };
  return paths.size === 0 ? null : { path: '/', unified: unified !== undefined };
}

const ID = '(?<id>[0-9a-f]{64})';

/** One component of the path, or two. Names of lxc and nspawn are their ids too. */
const CONTAINERS: readonly RegExp[] = [
  // systemd's driver: docker, podman (libpod-payload below a pod), containerd and CRI-O below Kubernetes, nerdctl
  new RegExp(`^/(?:docker|libpod|libpod-payload|cri-containerd|crio|nerdctl|containerd)-${ID}(?:\\.scope)?(?=/|$)`),
  // the runtimes' own driver: /docker/ID, /podman/ID, containerd's namespaces
  new RegExp(`^/(?:docker|podman|default|moby|k8s\\.io|buildkit)/${ID}(?=/|$)`),
  // Kubernetes with the same driver: .../podUID/ID
  new RegExp(`^/pod[0-9a-f_-]{32,}/${ID}(?=/|$)`),
  /^\/lxc\.payload\.(?<name>[^/]+)(?=\/|$)/,
  /^\/lxc\/(?<name>[^/]+)(?=\/|$)/,
  /^\/machine\.slice\/systemd-nspawn@(?<name>[^/]+)\.service(?=\/|$)/,
];

/** The container of a control group, or null. Names of containers with an id are known to their runtime alone. */
export function containerOf(path: string): Subject['container'] {
  for (let at = path.indexOf('/'); at !== -1; at = path.indexOf('/', at + 1)) {
    const rest = path.slice(at);
    for (const pattern of CONTAINERS) {
      const groups = pattern.exec(rest)?.groups;
      const [id, name] = [groups?.['id'], groups?.['name']];
      if (id !== undefined) return { id, name: null };
      if (name !== undefined) return { id: name, name };
    }
  }
  return null;
}
