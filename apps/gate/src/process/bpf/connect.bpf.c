/*
 * Remembers which process opens which TCP connection, for the gate to look up by addresses and ports.
 *
 * connect() of a process meets `connect4` or `connect6` first: the process is known there, the local port is not. The
 * kernel then calls `connecting` for the same socket, right before it sends the SYN, possibly on behalf of somebody
 * else: the ports are known there. The socket's cookie joins the two.
 *
 * Easy to get wrong: a connection that nobody was seen to open must not keep the name of whoever had the same ports
 * before, so `connecting` deletes what it cannot replace.
 *
 * Compiled without libbpf and BTF; the layouts are read by ../flow-process.ts, the section `source` by the tests. Only
 * helpers are called that are there for programs of every licence. Rebuild with ./build.sh.
 */
#include <linux/bpf.h>

#define SECTION(name) __attribute__((section(name), used))

/* What the loader reads of a map: five words, in this order. */
struct map_definition {
	__u32 type;
	__u32 key_bytes;
	__u32 value_bytes;
	__u32 max_entries;
	__u32 flags;
};

/* 48 bytes. */
struct process {
	__u64 connected_ns; /* since boot, suspended time included: the clock of a process's start time in /proc */
	__u64 cgroup;	    /* id in the version 2 hierarchy */
	__u32 pid;	    /* of the process as a whole, in the machine's own pid namespace */
	__u32 tid;	    /* of the thread */
	__u32 uid;	    /* real user, in the machine's own user namespace */
	__u32 unused;
	char command[16];
};

/* 48 bytes. IPv4 addresses as ::ffff:a.b.c.d, addresses in network order, ports in host order. */
struct flow {
	__u64 netns; /* cookie of the socket's network namespace */
	__u32 local[4];
	__u32 remote[4];
	__u16 local_port;
	__u16 remote_port;
	__u32 unused;
};

/* Sockets between the two calls: about as many as processors, and those of TCP_FASTOPEN_CONNECT that never send. */
struct map_definition SECTION("maps") opening = {
	.type = BPF_MAP_TYPE_LRU_HASH,
	.key_bytes = sizeof(__u64),
	.value_bytes = sizeof(struct process),
	.max_entries = 4096,
};

/* A connection is looked up when it sends its first bytes; the oldest are forgotten. About 6 MB. */
struct map_definition SECTION("maps") flows = {
	.type = BPF_MAP_TYPE_LRU_HASH,
	.key_bytes = sizeof(struct flow),
	.value_bytes = sizeof(struct process),
	.max_entries = 32768,
};

/* Which text this was made of, and by what. */
const char SECTION("source") source_digest[] = SOURCE_DIGEST " clang " __clang_version__;
const char SECTION("license") license_name[] = "Apache-2.0";

static void *(*const map_lookup)(void *map, const void *key) = (void *)BPF_FUNC_map_lookup_elem;
static long (*const map_update)(void *map, const void *key, const void *value, __u64 flags) = (void *)BPF_FUNC_map_update_elem;
static long (*const map_delete)(void *map, const void *key) = (void *)BPF_FUNC_map_delete_elem;
static __u64 (*const current_pid_tgid)(void) = (void *)BPF_FUNC_get_current_pid_tgid;
static __u64 (*const current_uid_gid)(void) = (void *)BPF_FUNC_get_current_uid_gid;
static long (*const current_command)(void *into, __u32 length) = (void *)BPF_FUNC_get_current_comm;
static __u64 (*const current_cgroup)(void) = (void *)BPF_FUNC_get_current_cgroup_id;
static __u64 (*const socket_cookie)(void *context) = (void *)BPF_FUNC_get_socket_cookie;
static __u64 (*const netns_cookie)(void *context) = (void *)BPF_FUNC_get_netns_cookie;
static __u64 (*const since_boot_ns)(void) = (void *)BPF_FUNC_ktime_get_boot_ns;

#define TCP 6
#define INET 2
#define MAPPED __builtin_bswap32(0xffff) /* the third word of ::ffff:a.b.c.d */
#define PROCEED 1

static __attribute__((always_inline)) int remember(struct bpf_sock_addr *context)
{
	struct process process = {};
	__u64 socket;

	if (context->protocol != TCP)
		return PROCEED;
	process.connected_ns = since_boot_ns();
	process.cgroup = current_cgroup();
	process.pid = current_pid_tgid() >> 32;
	process.tid = (__u32)current_pid_tgid();
	process.uid = (__u32)current_uid_gid();
	current_command(process.command, sizeof(process.command));
	socket = socket_cookie(context);
	map_update(&opening, &socket, &process, BPF_ANY);
	return PROCEED;
}

SECTION("cgroup/connect4") int connect4(struct bpf_sock_addr *context)
{
	return remember(context);
}

SECTION("cgroup/connect6") int connect6(struct bpf_sock_addr *context)
{
	return remember(context);
}

SECTION("sockops") int connecting(struct bpf_sock_ops *context)
{
	struct flow flow = {};
	struct process *process;
	__u32 local_ip4, remote_ip4;
	__u64 socket;

	if (context->op != BPF_SOCK_OPS_TCP_CONNECT_CB)
		return PROCEED;
	/* Read here: in one branch of the two, the compiler would compute the field's address, which is not allowed. */
	local_ip4 = context->local_ip4;
	remote_ip4 = context->remote_ip4;
	socket = socket_cookie(context);
	process = map_lookup(&opening, &socket);
	flow.netns = netns_cookie(context);
	if (context->family == INET) {
		flow.local[2] = MAPPED;
		flow.local[3] = local_ip4;
		flow.remote[2] = MAPPED;
		flow.remote[3] = remote_ip4;
	} else {
		flow.local[0] = context->local_ip6[0];
		flow.local[1] = context->local_ip6[1];
		flow.local[2] = context->local_ip6[2];
		flow.local[3] = context->local_ip6[3];
		flow.remote[0] = context->remote_ip6[0];
		flow.remote[1] = context->remote_ip6[1];
		flow.remote[2] = context->remote_ip6[2];
		flow.remote[3] = context->remote_ip6[3];
	}
	flow.local_port = context->local_port;
	/* The kernel shows the port's two bytes in network order, widened to a word. */
	flow.remote_port = __builtin_bswap32(context->remote_port);
	if (process) {
		map_update(&flows, &flow, process, BPF_ANY);
		map_delete(&opening, &socket);
	} else {
		map_delete(&flows, &flow);
	}
	return PROCEED;
}
