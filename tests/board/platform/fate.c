/* Which storage operation fails, and in which the power does: BOARD_CUT, BOARD_CUT_LEAVES and BOARD_FAIL. */
#define _GNU_SOURCE
#include "platform.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "../control/control.h"

/* More faults than this in one run are no test that anybody can read. */
#define FAULTS_MAX 32

typedef struct {
    uint64_t number;
    bool and_later;
    bool half;
    int error;
} fault;

static fault faults[FAULTS_MAX];
static size_t fault_count;
static uint64_t cut;
static leaves cut_leaves;

static void parse_fault(const char *text)
{
    static const struct {
        const char *name;
        int error;
    } names[] = {{"EIO", EIO}, {"EDQUOT", EDQUOT}, {"ENOSPC", ENOSPC}, {"EROFS", EROFS}, {"SHORT", 0}};
    char *end = NULL;
    fault fault = {.number = strtoull(text, &end, 10)};
    if (end != text && *end == '+') {
        fault.and_later = true;
        end++;
    }
    if (fault.number == 0 || *end != ':' || fault_count == FAULTS_MAX) {
        board_refuse("BOARD_FAIL", text);
    }
    for (size_t index = 0; index < sizeof names / sizeof *names; index++) {
        if (strcmp(end + 1, names[index].name) == 0) {
            fault.error = names[index].error;
            fault.half = fault.error == 0;
            faults[fault_count++] = fault;
            return;
        }
    }
    board_refuse("BOARD_FAIL", text);
}

void fate_start(void)
{
    static const char *const names[] = {"old", "new", "prefix", "zeros", "garbage", "mixed", "alone"};
    cut = board_number("BOARD_CUT", 0);
    const char *how = getenv("BOARD_CUT_LEAVES");
    bool known = how == NULL;
    for (size_t index = 0; !known && index < sizeof names / sizeof *names; index++) {
        known = strcmp(how, names[index]) == 0;
        cut_leaves = (leaves)index;
    }
    if (!known) {
        board_refuse("BOARD_CUT_LEAVES", how);
    }
    const char *wanted = getenv("BOARD_FAIL");
    char *list = wanted == NULL ? NULL : strdup(wanted);
    char *rest = NULL;
    for (char *item = list == NULL ? NULL : strtok_r(list, ",", &rest); item != NULL; item = strtok_r(NULL, ",", &rest)) {
        parse_fault(item);
    }
    free(list);
}

leaves fate_leaves(void)
{
    return cut_leaves;
}

fate fate_of(uint64_t number)
{
    fate fate = {.cut = number == cut};
    for (size_t index = 0; index < fault_count; index++) {
        if (number == faults[index].number || (faults[index].and_later && number > faults[index].number)) {
            fate.error = faults[index].error;
            fate.half = faults[index].half;
        }
    }
    return fate;
}
