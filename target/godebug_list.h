/* SPDX-License-Identifier: GPL-2.0-only */
/* Changes one setting of a GODEBUG list and leaves the others as they stand, in their order, also what is misspelt. */
#ifndef SCHEDTOP_TARGET_GODEBUG_LIST_H
#define SCHEDTOP_TARGET_GODEBUG_LIST_H

/**
 * @list   a GODEBUG list; NULL = empty
 * @name   of the setting: all places where it stands are taken out
 * @value  what it shall be, put at the end, where it counts (runtime/runtime1.go parsegodebug: the last one wins);
 *         NULL = the setting is only taken out
 * Returns a list to free ("" when nothing is left), or NULL when there is no memory.
 */
char *godebug_list_set(const char *list, const char *name, const char *value);

#endif
