/* SPDX-License-Identifier: GPL-2.0-only */
/* What the files of doctor's rows share. Each look_ function fills one row by trying, where that is possible. */
#ifndef SCHEDTOP_CLI_DOCTOR_ROWS_H
#define SCHEDTOP_CLI_DOCTOR_ROWS_H

#include <stdio.h>

#include "cli/doctor_checks.h"

#define SAY(f, ...) snprintf((f)->found, sizeof((f)->found), __VA_ARGS__)
#define FIX(f, ...) snprintf((f)->fix, sizeof((f)->fix), __VA_ARGS__)

/** The number at the beginning of a file. */
bool doctor_number(const char *path, int *ret);

/* doctor_privileges.c: this user's rights. */
void look_privileges(struct finding *f);
void look_file_capabilities(struct finding *f);
void look_sudo(struct finding *f);
void look_bpf(struct finding *f);
void look_ring(struct finding *f);
void look_uprobes(struct finding *f);
void look_perf_paranoid(struct finding *f);
void look_perf_self(struct finding *f);
void look_perf_cpu(struct finding *f);
void look_ptrace(struct finding *f);

/* doctor_place.c: where schedtop runs, and what it knows. */
void look_container(struct finding *f);
void look_pid_namespace(struct finding *f);
void look_go_versions(struct finding *f);

#endif
