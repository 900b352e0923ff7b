/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli/doctor_checks.h"

#include <errno.h>
#include <inttypes.h>
#include <langinfo.h>
#include <locale.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "collectors/probe_kernel/probe_kernel.h"

/* linux/capability.h */
#define CAP_BIT_SYS_PTRACE 19
#define CAP_BIT_SYS_ADMIN  21
#define CAP_BIT_PERFMON    38
#define CAP_BIT_BPF        39

/* BPF ring buffers came with 5.8, and so did CAP_BPF and CAP_PERFMON. */
#define KERNEL_MAJOR_MIN 5
#define KERNEL_MINOR_MIN 8

/* The size that the screen is made for (DESIGN section 6). */
#define TERMINAL_COLS 80
#define TERMINAL_ROWS 24

#define SAY(f, ...) snprintf((f)->found, sizeof((f)->found), __VA_ARGS__)
#define FIX(f, ...) snprintf((f)->fix, sizeof((f)->fix), __VA_ARGS__)

/* The first line of a file. false if it can't be read. */
static bool read_line(const char *path, char *ret, size_t cap)
{
	cleanup_fclose FILE *f = fopen(path, "re");

	if (!f || !fgets(ret, (int)cap, f))
		return false;
	ret[strcspn(ret, "\n")] = '\0';
	return true;
}

/* The value of a "Key:\tvalue" line. */
static bool read_field(const char *path, const char *key, char *ret, size_t cap)
{
	char line[512];
	size_t len = strlen(key);
	cleanup_fclose FILE *f = fopen(path, "re");

	while (f && fgets(line, sizeof(line), f)) {
		if (strncmp(line, key, len) != 0)
			continue;
		const char *value = line + len + strspn(line + len, " \t");
		snprintf(ret, cap, "%.*s", (int)strcspn(value, "\n"), value);
		return true;
	}
	return false;
}

static bool read_number(const char *path, int *ret)
{
	char text[64];

	return read_line(path, text, sizeof(text)) && sscanf(text, "%d", ret) == 1;
}

/* Is @word one of the words of @text? */
static bool has_word(const char *text, const char *word)
{
	size_t len = strlen(word);

	for (text += strspn(text, " "); *text; text += strspn(text, " ")) {
		size_t n = strcspn(text, " ");

		if (n == len && strncmp(text, word, n) == 0)
			return true;
		text += n;
	}
	return false;
}

static uint64_t capabilities(void)
{
	char text[64];

	return read_field("/proc/self/status", "CapEff:", text, sizeof(text)) ? strtoull(text, NULL, 16) : 0;
}

static bool has_cap(uint64_t caps, int bit)
{
	return caps >> bit & 1;
}

static void tell_result(struct finding *f, int err, const char *works, const char *fix)
{
	f->ok = err == 0 ? CHECK_OK : CHECK_MISSING;
	SAY(f, "%s", err == 0 ? works : strerror(-err));
	if (err < 0)
		FIX(f, "%s", fix);
}

static void look_kernel(struct finding *f)
{
	struct utsname u;
	int major, minor;

	if (uname(&u) < 0 || sscanf(u.release, "%d.%d", &major, &minor) != 2)
		return;
	f->ok = major > KERNEL_MAJOR_MIN || (major == KERNEL_MAJOR_MIN && minor >= KERNEL_MINOR_MIN);
	SAY(f, "Linux %.60s on %.60s", u.release, u.machine);
	if (!f->ok)
		FIX(f, "a kernel from %d.%d on is needed", KERNEL_MAJOR_MIN, KERNEL_MINOR_MIN);
}

static void look_privileges(struct finding *f)
{
	uint64_t caps = capabilities();
	bool admin = has_cap(caps, CAP_BIT_SYS_ADMIN);
	bool bpf = admin || has_cap(caps, CAP_BIT_BPF), perfmon = admin || has_cap(caps, CAP_BIT_PERFMON);

	f->ok = bpf && perfmon;
	SAY(f, "uid %u, CapEff %016" PRIx64 ": CAP_BPF %s, CAP_PERFMON %s, CAP_SYS_PTRACE %s", (unsigned)geteuid(),
	    caps, bpf ? "yes" : "no", perfmon ? "yes" : "no", has_cap(caps, CAP_BIT_SYS_PTRACE) ? "yes" : "no");
	if (!f->ok)
		FIX(f, "sudo schedtop ...");
}

static void look_btf(struct finding *f)
{
	struct stat st;

	tell_result(f, feature_btf(), "/sys/kernel/btf/vmlinux is readable",
		    "a kernel built with CONFIG_DEBUG_INFO_BTF=y, as distributions' kernels are");
	if (f->ok == CHECK_OK && stat("/sys/kernel/btf/vmlinux", &st) == 0)
		SAY(f, "/sys/kernel/btf/vmlinux, %lld KiB", (long long)st.st_size / 1024);
}

static void look_bpf(struct finding *f)
{
	tell_result(f, feature_bpf_program(), "a tracing program can be loaded", "sudo schedtop ...");
}

static void look_ring(struct finding *f)
{
	tell_result(f, feature_bpf_ring(), "a ring buffer can be made", "sudo schedtop ...");
}

static void look_unprivileged_bpf(struct finding *f)
{
	int v;

	if (!read_number("/proc/sys/kernel/unprivileged_bpf_disabled", &v))
		return;
	/* Either way is fine: schedtop's programs need privileges anyhow. */
	f->ok = CHECK_OK;
	SAY(f, "%d: without privileges BPF is %s", v, v ? "closed" : "open to simple programs, tracing excluded");
}

static void look_uprobes(struct finding *f)
{
	int type;

	f->ok = read_number("/sys/bus/event_source/devices/uprobe/type", &type) ? CHECK_OK : CHECK_MISSING;
	SAY(f, "%s", f->ok == CHECK_OK ? "the kernel has the uprobe event source" : "no uprobe event source");
	if (f->ok != CHECK_OK)
		FIX(f, "a kernel built with CONFIG_UPROBE_EVENTS=y; without it use --detail=threads");
}

static void look_tracefs(struct finding *f)
{
	f->ok = access("/sys/kernel/tracing/events", R_OK) == 0 || access("/sys/kernel/debug/tracing/events", R_OK) == 0
			? CHECK_OK
			: CHECK_MISSING;
	SAY(f, "%s", f->ok == CHECK_OK ? "mounted and readable" : "not mounted, or not readable");
	if (f->ok != CHECK_OK)
		FIX(f, "mount -t tracefs tracefs /sys/kernel/tracing");
}

static void look_perf_paranoid(struct finding *f)
{
	int v;

	if (!read_number("/proc/sys/kernel/perf_event_paranoid", &v))
		return;
	bool privileged = has_cap(capabilities(), CAP_BIT_PERFMON) || has_cap(capabilities(), CAP_BIT_SYS_ADMIN);
	f->ok = privileged || v <= 0 ? CHECK_OK : CHECK_MISSING;
	SAY(f, "%d%s", v, privileged ? ", which doesn't bind this user" : "");
	if (f->ok != CHECK_OK)
		FIX(f, "sysctl kernel.perf_event_paranoid=0");
}

static void look_perf_self(struct finding *f)
{
	tell_result(f, feature_perf_self(), "a CPU clock can be opened on own processes",
		    "sysctl kernel.perf_event_paranoid=2");
}

static void look_perf_cpu(struct finding *f)
{
	tell_result(f, feature_perf_cpu(), "a CPU clock can be opened on a whole CPU", "sudo schedtop ...");
}

static void look_ptrace(struct finding *f)
{
	int v;
	bool cap = has_cap(capabilities(), CAP_BIT_SYS_PTRACE);

	if (!read_number("/proc/sys/kernel/yama/ptrace_scope", &v)) {
		f->ok = CHECK_OK;
		SAY(f, "no Yama: own processes can be read%s", cap ? ", and all others" : "");
		return;
	}
	f->ok = cap || v == 0 ? CHECK_OK : CHECK_MISSING;
	SAY(f, "ptrace_scope %d%s", v, cap ? ", which doesn't bind this user" : "");
	if (f->ok != CHECK_OK)
		FIX(f, "sysctl kernel.yama.ptrace_scope=0");
}

static void look_cgroup(struct finding *f)
{
	char controllers[256];
	bool v2 = read_line("/sys/fs/cgroup/cgroup.controllers", controllers, sizeof(controllers)) ||
		  read_line("/sys/fs/cgroup/unified/cgroup.controllers", controllers, sizeof(controllers));
	bool v2_cpu = v2 && has_word(controllers, "cpu");
	bool v1_cpu = access("/sys/fs/cgroup/cpu", F_OK) == 0 || access("/sys/fs/cgroup/cpu,cpuacct", F_OK) == 0;

	f->ok = v1_cpu || v2_cpu ? CHECK_OK : CHECK_MISSING;
	SAY(f, "%s%s%s; CPU controller: %s", v2 ? "v2" : "", v2 && v1_cpu ? " and " : "", v1_cpu || !v2 ? "v1" : "",
	    v2_cpu   ? "v2"
	    : v1_cpu ? "v1"
		     : "none");
	if (f->ok != CHECK_OK)
		FIX(f, "echo +cpu > /sys/fs/cgroup/cgroup.subtree_control");
}

static void look_pid_namespace(struct finding *f)
{
	char ids[128];

	if (!read_field("/proc/self/status", "NSpid:", ids, sizeof(ids)))
		return;
	/* From inside, the initial namespace is known by its fixed inode (include/linux/proc_ns.h PROC_PID_INIT_INO).
	 */
	struct stat st;
	bool initial = stat("/proc/self/ns/pid", &st) == 0 && st.st_ino == 0xEFFFFFFC;
	bool container = access("/.dockerenv", F_OK) == 0 || access("/run/.containerenv", F_OK) == 0;
	f->ok = initial ? CHECK_OK : CHECK_MISSING;
	SAY(f, "%s%s", initial ? "the machine's own" : "a namespace of its own", container ? ", in a container" : "");
	if (!initial)
		FIX(f, "run schedtop on the host, or in a container started with --pid=host");
}

static void look_terminal(struct finding *f)
{
	const char *term = getenv("TERM"), *color = getenv("COLORTERM");
	struct winsize size = {0};
	bool tty = isatty(STDOUT_FILENO) && ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0;

	setlocale(LC_CTYPE, "");
	bool utf8 = strcmp(nl_langinfo(CODESET), "UTF-8") == 0;
	bool dumb = !term || !*term || strcmp(term, "dumb") == 0;
	int n = SAY(f, "TERM=%.60s COLORTERM=%.60s, %s, ", term ? term : "", color ? color : "",
		    utf8 ? "UTF-8" : "no UTF-8 locale");
	if (tty)
		snprintf(f->found + n, sizeof(f->found) - (size_t)n, "%ux%u", size.ws_col, size.ws_row);
	else
		snprintf(f->found + n, sizeof(f->found) - (size_t)n, "stdout is no terminal");
	f->ok = tty && !dumb && utf8 && size.ws_col >= TERMINAL_COLS && size.ws_row >= TERMINAL_ROWS ? CHECK_OK
												     : CHECK_MISSING;
	if (dumb || !tty)
		FIX(f, "schedtop run --batch needs no terminal");
	else if (!utf8)
		FIX(f, "export LC_ALL=C.UTF-8");
	else if (f->ok != CHECK_OK)
		FIX(f, "make the window at least %dx%d", TERMINAL_COLS, TERMINAL_ROWS);
}

static const struct doctor_check checks[] = {
	{"kernel", "ring buffers and fine-grained capabilities", true, look_kernel},
	{"privileges", "loading BPF programs and placing probes", true, look_privileges},
	{"btf", "programs that fit this kernel", true, look_btf},
	{"bpf", "every kernel event", true, look_bpf},
	{"ring buffer", "every kernel event", true, look_ring},
	{"uprobes", "stop-the-world pauses and preemption", false, look_uprobes},
	{"unprivileged BPF", "nothing: for information", false, look_unprivileged_bpf},
	{"tracefs", "nothing here; perf and bpftrace use it", false, look_tracefs},
	{"perf_event_paranoid", "stack samples without root", false, look_perf_paranoid},
	{"perf, own processes", "stack samples", false, look_perf_self},
	{"perf, whole CPUs", "stack samples of a target on every CPU", false, look_perf_cpu},
	{"ptrace", "reading goroutines and settings in the target's memory", false, look_ptrace},
	{"cgroup", "CPU quotas and throttling", false, look_cgroup},
	{"pid namespace", "thread ids that agree with the kernel's", false, look_pid_namespace},
	{"terminal", "the screen in full", false, look_terminal},
};

const struct doctor_check *doctor_checks(size_t *ret_n)
{
	*ret_n = ARRAY_SIZE(checks);
	return checks;
}
