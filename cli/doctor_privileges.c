/* SPDX-License-Identifier: GPL-2.0-only */
#include "cli/doctor_rows.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <linux/capability.h>
#include <pwd.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/statvfs.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "base/invoker.h"
#include "base/privileges.h"
#include "collectors/calibrate.h"
#include "collectors/probe_kernel/probe_kernel.h"
#include "target/proc.h"

/* What must be given to the file so that a user needs no root. */
#define FILE_CAPABILITIES "cap_bpf,cap_perfmon,cap_sys_ptrace,cap_dac_read_search+ep"

static const struct {
	int cap;
	const char *name, *cost;
} needed[] = {
	{CAP_BPF, "CAP_BPF", "no BPF program can be loaded"},
	{CAP_PERFMON, "CAP_PERFMON", "no probe can be placed"},
	{CAP_SYS_PTRACE, "CAP_SYS_PTRACE", "other users' processes can't be read"},
	{CAP_DAC_READ_SEARCH, "CAP_DAC_READ_SEARCH", "nor programs that only their user may read"},
};

static bool has(int cap)
{
	uint64_t caps = privileges_effective();

	/* CAP_SYS_ADMIN stands for the first two (include/linux/capability.h bpf_capable, perfmon_capable). */
	return caps & PRIVILEGE(cap) || ((cap == CAP_BPF || cap == CAP_PERFMON) && caps & PRIVILEGE(CAP_SYS_ADMIN));
}

static const char *own_path(char ret[PATH_MAX])
{
	ssize_t n = readlink("/proc/self/exe", ret, PATH_MAX - 1);

	snprintf(n > 0 ? ret + n : ret, n > 0 ? 1 : PATH_MAX, "%s", n > 0 ? "" : "schedtop");
	return ret;
}

/* The one command. Where file capabilities don't work, sudo does. */
static void fix_by_grant(struct finding *f)
{
	char path[PATH_MAX];
	struct statvfs fs;
	bool useless = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1 ||
		       (statvfs("/proc/self/exe", &fs) == 0 && fs.f_flag & ST_NOSUID);

	if (useless)
		FIX(f, "sudo '%s' ...", own_path(path));
	else
		FIX(f, "sudo setcap " FILE_CAPABILITIES " '%s'", own_path(path));
}

static void tell(struct finding *f, int err, const char *works)
{
	f->ok = err == 0 ? CHECK_OK : CHECK_MISSING;
	SAY(f, "%s", err == 0 ? works : strerror(-err));
	if (err == -EPERM || err == -EACCES)
		fix_by_grant(f);
}

void look_privileges(struct finding *f)
{
	size_t n = (size_t)SAY(f, "uid %u", (unsigned)geteuid());
	size_t missing = 0;

	for (size_t i = 0; i < sizeof(needed) / sizeof(*needed); i++) {
		if (has(needed[i].cap) || n >= sizeof(f->found))
			continue;
		n += (size_t)snprintf(f->found + n, sizeof(f->found) - n, "%s without %s (%s)", missing++ ? "," : "",
				      needed[i].name, needed[i].cost);
	}
	if (!missing)
		snprintf(f->found + n, sizeof(f->found) - n,
			 " with CAP_BPF, CAP_PERFMON, CAP_SYS_PTRACE and "
			 "CAP_DAC_READ_SEARCH");
	f->ok = has(CAP_BPF) && has(CAP_PERFMON) ? CHECK_OK : CHECK_MISSING;
	if (missing)
		fix_by_grant(f);
}

void look_file_capabilities(struct finding *f)
{
	char path[PATH_MAX], value[64];
	struct statvfs fs;
	bool given = getxattr("/proc/self/exe", "security.capability", value, sizeof(value)) > 0;
	bool nosuid = statvfs("/proc/self/exe", &fs) == 0 && fs.f_flag & ST_NOSUID;
	bool no_new = prctl(PR_GET_NO_NEW_PRIVS, 0, 0, 0, 0) == 1;

	bool root = geteuid() == 0;

	f->ok = root || (given && !nosuid && !no_new) ? CHECK_OK : CHECK_MISSING;
	SAY(f, "%s%s%s%s", root ? "not needed by root; " : "", given ? "given to this file" : "not given to this file",
	    nosuid ? "; its file system is mounted nosuid, where they have no effect" : "",
	    no_new ? "; no_new_privs is set, so that they have no effect" : "");
	if (root)
		return;
	if (!given && !nosuid)
		FIX(f, "sudo setcap " FILE_CAPABILITIES " '%s'", own_path(path));
	else if (nosuid)
		FIX(f, "sudo install -m 755 '%s' /usr/local/bin/", own_path(path));
}

void look_sudo(struct finding *f)
{
	char path[PATH_MAX];
	uid_t uid;
	gid_t gid;
	const struct passwd *pw = getpwuid(geteuid());

	if (invoker_ids(&uid, &gid)) {
		f->ok = CHECK_OK;
		SAY(f, "called by uid %u, who owns what is launched and written", (unsigned)uid);
		return;
	}
	f->ok = geteuid() == 0 || access("/usr/bin/sudo", X_OK) == 0 ? CHECK_OK : CHECK_MISSING;
	SAY(f, "%s",
	    geteuid() == 0      ? "root, not through sudo: what is launched and written is root's"
	    : f->ok == CHECK_OK ? "installed; whether it is allowed isn't tried, since it could ask for a password"
				: "not installed");
	if (geteuid() != 0)
		FIX(f, "echo '%.64s ALL=(root) NOPASSWD: %s' | sudo tee /etc/sudoers.d/schedtop",
		    pw ? pw->pw_name : "USER", own_path(path));
}

void look_bpf(struct finding *f)
{
	tell(f, feature_bpf_program(), "a tracing program can be loaded");
}

void look_ring(struct finding *f)
{
	tell(f, feature_bpf_ring(), "a ring buffer can be made");
}

void look_uprobes(struct finding *f)
{
	struct probe_cost cost;
	int type, err = calibrate_probes(&cost);

	if (err == 0) {
		f->ok = CHECK_OK;
		SAY(f, "placed and hit: %.1f µs a hit, %.1f where the kernel single-steps",
		    (double)cost.emulated_ns / 1000, (double)cost.stepped_ns / 1000);
		return;
	}
	/* Linux before 6.6: a perf event each. Without rights calibrating says nothing of the kernel. */
	bool source = doctor_number("/sys/bus/event_source/devices/uprobe/type", &type);
	if (source && has(CAP_BPF) && has(CAP_PERFMON)) {
		f->ok = CHECK_OK;
		SAY(f, "the kernel has the uprobe event source");
	} else if (source) {
		f->ok = CHECK_MISSING;
		SAY(f, "the kernel has them; this user may not place any");
		fix_by_grant(f);
	} else {
		f->ok = CHECK_MISSING;
		SAY(f, "no uprobe event source");
		FIX(f, "a kernel built with CONFIG_UPROBE_EVENTS=y; without it use --detail=threads");
	}
}

/* Documentation/admin-guide/sysctl/kernel.rst; 3 and above are distributions' own. */
static const char *paranoid_means(int level)
{
	if (level < 0)
		return "everything is open to everybody";
	switch (level) {
	case 0:
		return "whole CPUs and tracepoints are open, raw ones aren't";
	case 1:
		return "own processes, in the kernel too; no whole CPUs";
	case 2:
		return "own processes, and only what they do outside of the kernel";
	default:
		return "no perf events at all";
	}
}

void look_perf_paranoid(struct finding *f)
{
	int level;

	if (!doctor_number("/proc/sys/kernel/perf_event_paranoid", &level))
		return;
	bool bound = !has(CAP_PERFMON);
	f->ok = !bound || level <= 0 ? CHECK_OK : CHECK_MISSING;
	SAY(f, "%d: without privileges %s%s", level, paranoid_means(level),
	    bound ? "" : "; this user isn't bound by it");
	if (f->ok != CHECK_OK)
		FIX(f, "sudo sysctl kernel.perf_event_paranoid=0");
}

void look_perf_self(struct finding *f)
{
	int err = feature_perf_self();

	tell(f, err, "a CPU clock can be opened on own processes");
	if (err < 0)
		FIX(f, "sudo sysctl kernel.perf_event_paranoid=2");
}

void look_perf_cpu(struct finding *f)
{
	tell(f, feature_perf_cpu(), "a CPU clock can be opened on a whole CPU");
}

void look_ptrace(struct finding *f)
{
	int scope = 0;
	bool yama = doctor_number("/proc/sys/kernel/yama/ptrace_scope", &scope);
	/* Process 1 is somebody else's, or root's. */
	bool foreign = proc_readable(1) || has(CAP_SYS_PTRACE);
	bool own = foreign || !yama || scope == 0;

	f->ok = own ? CHECK_OK : CHECK_MISSING;
	if (yama)
		SAY(f, "ptrace_scope %d: %s", scope,
		    foreign ? "all processes can be read"
		    : own   ? "own processes can be read, others' can't"
			    : "of own processes only launched ones can be read");
	else
		SAY(f, "no Yama: own processes can be read%s", foreign ? ", and all others" : ", others' can't");
	if (!own)
		FIX(f, "sudo sysctl kernel.yama.ptrace_scope=0");
	else if (!foreign)
		fix_by_grant(f);
}
