/* What the application itself keeps in the mutable file, which it shares with the agent.
 *
 *        0           8,192                                            57,344      65,536
 *        │ a mark    │ the agent's region: two slots of 16,384 bytes  │ a counter │
 *        │           │ and two journal records of 8,192               │           │
 *
 * The agent's region is 48 KiB; both of the application's parts have a block of 8 KiB of their own, because a power cut may take
 * everything in a block that is being written. An application that needs no bytes gives the agent all 64 KiB: slots of 24,576. */
#ifndef SAMPLE_OWN_BYTES_H
#define SAMPLE_OWN_BYTES_H

#include <stdbool.h>
#include <stdint.h>

#define REGION_OFFSET 8192
#define REGION_BYTES 49152
#define COUNTER_OFFSET (REGION_OFFSET + REGION_BYTES)

/* Opens the mutable file and looks after the mark; logs `DA own`. The descriptor, or -1. */
int own_bytes_open(void);

/* Counts one more change of what is trusted, durably. */
void own_bytes_count_change(int fd);

#endif
