/* Painting the stack. Both functions must be called from one depth, one after the other. */
#include "stack.h"

#if defined(MEASURE_STACK)
#include <stdint.h>

/* Deeper than anything may go: half of the memory that the application has. */
#define PAINTED_BYTES 131072
#define PAINT 0xA5U
/* This function's own frame, which is not painted over. */
#define FRAME_BYTES 256

static size_t peak;
/* Where painting began: the two functions' frames are of different sizes. */
static volatile uint8_t *top;

__attribute__((noinline)) void stack_paint(void)
{
    top = (volatile uint8_t *)__builtin_frame_address(0) - FRAME_BYTES;
    for (size_t index = 0; index < PAINTED_BYTES; index++) {
        top[-(ptrdiff_t)index] = PAINT;
    }
}

__attribute__((noinline)) void stack_measure(void)
{
    size_t depth = PAINTED_BYTES;
    while (depth > 0 && top[-(ptrdiff_t)(depth - 1)] == PAINT) {
        depth--;
    }
    depth += depth > 0 ? FRAME_BYTES : 0;
    peak = depth > peak ? depth : peak;
}

size_t stack_peak(void)
{
    return peak;
}
#else
typedef int stack_is_not_measured;
#endif
