/* SPDX-License-Identifier: GPL-2.0-only */
/* doctor: what this machine and this user can trace, and how to get more. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/cleanup.h"
#include "base/text.h"
#include "cli/cli.h"
#include "cli/doctor_checks.h"
#include "report/json_write.h"

static void print_row(const struct doctor_check *c, const struct finding *f)
{
	char found[sizeof(f->found) * 4], fix[sizeof(f->fix) * 4];

	text_escape(found, sizeof(found), f->found, strlen(f->found));
	text_escape(fix, sizeof(fix), f->fix, strlen(f->fix));
	printf("%-8s %-20s %s\n",
	       f->ok == CHECK_OK        ? "ok"
	       : f->ok == CHECK_MISSING ? "missing"
					: "unknown",
	       c->name, *found ? found : "can't be told here");
	if (f->ok == CHECK_OK && !*f->fix)
		return;
	if (f->ok != CHECK_OK)
		printf("%-8s %-20s costs: %s\n", "", "", c->needed_for);
	if (*f->fix)
		printf("%-8s %-20s do:    %s\n", "", "", f->fix);
}

static void add_row(cJSON *rows, const struct doctor_check *c, const struct finding *f)
{
	cJSON *o = cJSON_CreateObject();

	cJSON_AddStringToObject(o, "name", c->name);
	json_add_tristate(o, "ok", f->ok);
	json_add_tristate(o, "required", c->required);
	json_add_text(o, "found", f->found);
	cJSON_AddStringToObject(o, "needed_for", c->needed_for);
	json_add_text(o, "fix", *f->fix ? f->fix : NULL);
	cJSON_AddItemToArray(rows, o);
}

int cmd_doctor(const struct options *o, char **operands)
{
	cleanup_with(json_write_delete) cJSON *root = cJSON_CreateObject();
	size_t n;
	const struct doctor_check *checks = doctor_checks(&n);
	bool usable = true;
	int err = 0;

	if (operands[0])
		return cli_usage(operands[0], "doctor takes no operand",
				 "Write schedtop doctor, or schedtop doctor --json");
	cJSON_AddStringToObject(root, "schema", "schedtop.doctor/1");
	cJSON *rows = cJSON_AddArrayToObject(root, "rows");
	for (size_t i = 0; i < n; i++) {
		struct finding f = {.ok = CHECK_UNKNOWN};

		checks[i].look(&f);
		usable &= !checks[i].required || f.ok != CHECK_MISSING;
		if (o->json)
			add_row(rows, &checks[i], &f);
		else
			print_row(&checks[i], &f);
	}
	if (o->json)
		err = json_write_print(root, stdout);
	else
		puts(usable ? "\nschedtop can watch Go programs here."
			    : "\nschedtop can't watch anything here until what is marked as missing above is granted.");
	int status = cli_stdout_status(err);
	return status == EXIT_SUCCESS && !usable ? EXIT_FAILURE : status;
}
