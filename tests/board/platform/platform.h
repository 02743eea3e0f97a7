/* The kernel's side of the emulated board: a library for the host, loaded into qemu-arm. See README.md. */
#ifndef BOARD_PLATFORM_H
#define BOARD_PLATFORM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/* Exit code of a program whose power failed. */
#define BOARD_EXIT_CUT 86

/* What the medium is found to hold after the power failed: README.md, "how the power fails". */
typedef enum { LEAVES_OLD, LEAVES_NEW, LEAVES_PREFIX, LEAVES_ZEROS, LEAVES_GARBAGE, LEAVES_MIXED, LEAVES_ALONE } leaves;

/* The platform's largest mutable file, and the unit in which power cuts destroy what lies near a write. */
#define MEDIUM_BYTES_MAX 65536U
#define MEDIUM_BLOCK_BYTES 4096U
#define MEDIUM_BLOCKS (MEDIUM_BYTES_MAX / MEDIUM_BLOCK_BYTES)

/* The whole file at one moment; behind its length everything is zero. */
typedef struct {
    uint8_t bytes[MEDIUM_BYTES_MAX];
    size_t length;
} medium_image;

/* Reads which operations fail, and when the power does, and opens the list of operations. Once, at start. */
void medium_start(void);

/* Whether this descriptor is the mutable file. */
bool medium_is(int fd);

ssize_t medium_write(int fd, const void *bytes, size_t count, off_t offset);
int medium_truncate(int fd, off_t length);
int medium_sync(int fd, bool data_only);

/* Makes `found` what the medium holds after a cut: `synced` is the last synced image, `before` the file in front of the
 * operation, `after` behind it, `in_doubt` the blocks that were written since the sync, and `touched` the operation's own. */
void wreckage(medium_image *found, const medium_image *synced, const medium_image *before, const medium_image *after,
              const bool in_doubt[MEDIUM_BLOCKS], const bool touched[MEDIUM_BLOCKS], size_t half_offset, leaves how);

/* What is asked of operation `number` by BOARD_FAIL or BOARD_CUT. */
typedef struct {
    bool cut;
    bool half;
    int error; /* errno, or 0 */
} fate;
fate fate_of(uint64_t number);
leaves fate_leaves(void);
void fate_start(void);

/* Fences the process in: no other writing, no other hosts. Once, at start, after everything else was opened. */
void fence_start(void);

#endif
