/* How much stack the agent's calls take: painted before a call, looked at behind it. Only in builds with MEASURE_STACK; elsewhere the
 * three functions are nothing, because painting touches pages that the application would never have used. */
#ifndef SAMPLE_STACK_H
#define SAMPLE_STACK_H

#include <stddef.h>

#if defined(MEASURE_STACK)
void stack_paint(void);
void stack_measure(void);
size_t stack_peak(void);
#else
static inline void stack_paint(void)
{
}
static inline void stack_measure(void)
{
}
static inline size_t stack_peak(void)
{
    return 0;
}
#endif

#endif
