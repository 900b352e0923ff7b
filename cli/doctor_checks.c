/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli/doctor_checks.h"
#include "cli/doctor_rows.h"

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

/* BPF ring buffers came with 5.8, and so did CAP_BPF and CAP_PERFMON. */
#define KERNEL_MAJOR_MIN 5
#define KERNEL_MINOR_MIN 8

/* The size that the screen is made for (DESIGN section 6). */
#define TERMINAL_COLS 80
#define TERMINAL_ROWS 24

/* The first line of a file. false if it can't be read. */
static bool read_line(const char *path, char *ret, size_t cap)
{
	cleanup_fclose FILE *f = fopen(path, "re");

	if (!f || !fgets(ret, (int)cap, f))
		return false;
	ret[strcspn(ret, "\n")] = '\0';
	return true;
}

bool doctor_number(const char *path, int *ret)
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

static void look_btf(struct finding *f)
{
	struct stat st;

	tell_result(f, feature_btf(), "/sys/kernel/btf/vmlinux is readable",
		    "a kernel built with CONFIG_DEBUG_INFO_BTF=y, as distributions' kernels are");
	if (f->ok == CHECK_OK && stat("/sys/kernel/btf/vmlinux", &st) == 0)
		SAY(f, "/sys/kernel/btf/vmlinux, %lld KiB", (long long)st.st_size / 1024);
}

static void look_unprivileged_bpf(struct finding *f)
{
	int v;

	if (!doctor_number("/proc/sys/kernel/unprivileged_bpf_disabled", &v))
		return;
	/* Either way is fine: schedtop's programs need privileges anyhow. */
	f->ok = CHECK_OK;
	SAY(f, "%d: without privileges BPF is %s", v, v ? "closed" : "open to simple programs, tracing excluded");
}

static void look_tracefs(struct finding *f)
{
	bool there = access("/sys/kernel/tracing/events", R_OK) == 0;
	bool closed = !there && errno == EACCES;

	there = there || access("/sys/kernel/debug/tracing/events", R_OK) == 0;
	f->ok = there ? CHECK_OK : CHECK_MISSING;
	SAY(f, "%s", there ? "mounted and readable" : closed ? "mounted, not readable" : "not mounted");
	if (closed)
		FIX(f, "sudo mount -o remount,mode=755 /sys/kernel/tracing");
	else if (!there)
		FIX(f, "sudo mount -t tracefs tracefs /sys/kernel/tracing");
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
	{"file capabilities", "watching without root", false, look_file_capabilities},
	{"sudo", "watching as root, with files and targets that stay the user's", false, look_sudo},
	{"btf", "programs that fit this kernel", true, look_btf},
	{"bpf", "every kernel event", true, look_bpf},
	{"ring buffer", "every kernel event", true, look_ring},
	{"uprobes", "stop-the-world pauses and preemption", false, look_uprobes},
	{"unprivileged BPF", "nothing: for information", false, look_unprivileged_bpf},
	{"tracefs", "the scheduler's tracepoints where BPF is refused", false, look_tracefs},
	{"perf_event_paranoid", "what perf events may see without privileges", false, look_perf_paranoid},
	{"perf, own processes", "stack samples", false, look_perf_self},
	{"perf, whole CPUs", "stack samples of a target on every CPU", false, look_perf_cpu},
	{"ptrace", "reading goroutines and settings in the memory of other processes", false, look_ptrace},
	{"cgroup", "CPU quotas and throttling", false, look_cgroup},
	{"container", "tracing from inside: that is the host's to allow", false, look_container},
	{"pid namespace", "seeing processes outside of it", false, look_pid_namespace},
	{"Go versions", "goroutines in programs of other releases, unless they bring DWARF", false, look_go_versions},
	{"terminal", "the screen in full", false, look_terminal},
};

const struct doctor_check *doctor_checks(size_t *ret_n)
{
	*ret_n = ARRAY_SIZE(checks);
	return checks;
}
