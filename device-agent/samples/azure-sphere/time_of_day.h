/* The time, and whether anybody knows it: the clock shows 1970 and counts until it has been synchronised. */
#ifndef SAMPLE_TIME_OF_DAY_H
#define SAMPLE_TIME_OF_DAY_H

#include <stdint.h>

/* Seconds since 1970; 0 while nobody knows. */
uint64_t time_of_day_seconds(void);

#endif
