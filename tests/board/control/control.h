/* What the board is told from outside: its environment, and a control file that changes it while a program runs.
 *
 * Both halves of the board are compiled with this: the host's side, and the library inside the program. */
#ifndef BOARD_CONTROL_H
#define BOARD_CONTROL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Exit code of a board that is set up wrongly. */
#define BOARD_EXIT_SETUP 87

/* The longest path that the board makes: a folder and one of its own names. */
#define BOARD_PATH_BYTES 4096

/* Descriptors of the mutable file are this number and the 31 after it, so that the host's side knows them by number. */
#define BOARD_MUTABLE_FD 200
#define BOARD_MUTABLE_FDS 32

typedef enum {
    BOARD_CLOCK_UNSET,   /* 1970 and counting since the program started */
    BOARD_CLOCK_SHIFTED, /* the machine's clock plus shift_seconds */
    BOARD_CLOCK_KERNEL,  /* the machine's clock */
} board_clock;

typedef struct {
    bool network_up;
    bool device_auth_ready;
    board_clock clock;
    int64_t shift_seconds;
    int64_t uptime_seconds; /* added to the clock that never jumps, which here it does */
} board_control;

/* What holds at this moment. Ends the program where environment or file cannot be understood. */
board_control board_control_now(void);

/* Writes "$BOARD_DIRECTORY/name" into path; false where the board has no folder or the path is too long. */
bool board_path(const char *name, char *path, size_t path_bytes);

/* A number from the environment, or what it is without. Ends the program where it is no number. */
uint64_t board_number(const char *variable, uint64_t otherwise);

/* Says why the board cannot be, and ends the program with BOARD_EXIT_SETUP. */
_Noreturn void board_refuse(const char *what, const char *value);

#endif
