/* SPDX-License-Identifier: GPL-2.0-only */
#include <ctype.h>
#include <string.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "compare/html.h"
#include "target/read_file.h"

#define CPUINFO_MAX (1U << 20)

/* "model name : ..." of the first CPU (x86). */
static void cpu_model(char *ret, size_t cap)
{
	cleanup_free char *text = read_file_text("/proc/cpuinfo", CPUINFO_MAX, NULL);
	const char *line = text ? strstr(text, "model name") : NULL;
	const char *name = line ? strchr(line, ':') : NULL;

	*ret = '\0';
	if (!name)
		return;
	name++;
	while (isblank((unsigned char)*name))
		name++;
	snprintf(ret, cap, "%.*s", (int)strcspn(name, "\n"), name);
}

void html_machine(char *ret_kernel, size_t kernel_cap, char *ret_machine, size_t machine_cap)
{
	long cpus = sysconf(_SC_NPROCESSORS_ONLN), pages = sysconf(_SC_PHYS_PAGES), page = sysconf(_SC_PAGESIZE);
	char model[128], memory[32];
	struct utsname u;

	*ret_kernel = *ret_machine = '\0';
	if (uname(&u) == 0)
		snprintf(ret_kernel, kernel_cap, "%.80s %.80s %.80s", u.sysname, u.release, u.machine);
	cpu_model(model, sizeof(model));
	text_bytes(memory, sizeof(memory), pages > 0 && page > 0 ? (uint64_t)pages * (uint64_t)page : 0);
	snprintf(ret_machine, machine_cap, "%s%s%ld CPU%s, %s of memory", model, *model ? ", " : "", cpus,
		 cpus == 1 ? "" : "s", memory);
}
