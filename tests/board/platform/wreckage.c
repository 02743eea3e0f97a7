/* What a medium holds after the power failed while it was written: a pure function of what it held. */
#include "platform.h"

#include <string.h>

#include "../control/control.h"

/* A small generator (xorshift64*), so that a seed replays a wreck. */
static uint64_t noise_state;

static uint64_t noise(void)
{
    noise_state ^= noise_state >> 12;
    noise_state ^= noise_state << 25;
    noise_state ^= noise_state >> 27;
    return noise_state * UINT64_C(0x2545F4914F6CDD1D);
}

static void garble(uint8_t *bytes, size_t count)
{
    for (size_t index = 0; index < count; index++) {
        bytes[index] = (uint8_t)(noise() >> 56);
    }
}

/* One block of a mixed wreck: old, new, the first half new, the second half new, zeros, or noise. */
static void mix(uint8_t *found, const uint8_t *old, const uint8_t *new)
{
    size_t half = MEDIUM_BLOCK_BYTES / 2;
    switch (noise() >> 32 & 7U) {
    case 0:
    case 1:
        memcpy(found, old, MEDIUM_BLOCK_BYTES);
        break;
    case 2:
    case 3:
        memcpy(found, new, MEDIUM_BLOCK_BYTES);
        break;
    case 4:
        memcpy(found, new, half);
        memcpy(found + half, old + half, half);
        break;
    case 5:
        memcpy(found, old, half);
        memcpy(found + half, new + half, half);
        break;
    case 6:
        memset(found, 0, MEDIUM_BLOCK_BYTES);
        break;
    default:
        garble(found, MEDIUM_BLOCK_BYTES);
        break;
    }
}

void wreckage(medium_image *found, const medium_image *synced, const medium_image *before, const medium_image *after,
              const bool in_doubt[MEDIUM_BLOCKS], const bool touched[MEDIUM_BLOCKS], size_t half_offset, leaves how)
{
    noise_state = board_number("BOARD_SEED", 1) * UINT64_C(0x9E3779B97F4A7C15) | 1U;
    *found = how == LEAVES_OLD || how == LEAVES_ALONE ? *synced : how == LEAVES_PREFIX ? *before : *after;
    if (how == LEAVES_PREFIX) {
        for (size_t index = 0; index < half_offset; index++) {
            found->bytes[index] = after->bytes[index];
        }
        found->length = before->length > half_offset ? before->length : half_offset;
        return;
    }
    for (size_t block = 0; block < MEDIUM_BLOCKS; block++) {
        size_t start = block * MEDIUM_BLOCK_BYTES;
        if (how == LEAVES_MIXED && (in_doubt[block] || touched[block])) {
            mix(found->bytes + start, synced->bytes + start, after->bytes + start);
        } else if (how == LEAVES_ZEROS && touched[block]) {
            memset(found->bytes + start, 0, MEDIUM_BLOCK_BYTES);
        } else if ((how == LEAVES_GARBAGE || how == LEAVES_ALONE) && touched[block]) {
            garble(found->bytes + start, MEDIUM_BLOCK_BYTES);
        }
    }
}
