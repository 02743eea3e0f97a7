/* The device agent inside this application: started with the image's seed, driven from the event loop.
 *
 * Built with WITHOUT_AGENT, all of it is gone and the anchors are a file of the image: what an application was before, and what its
 * size is compared with. */
#ifndef SAMPLE_UPDATES_H
#define SAMPLE_UPDATES_H

#include <applibs/eventloop.h>
#include <stdbool.h>
#include <stdint.h>

#include "configuration.h"

/* What the application found when it connected to its service. */
typedef enum { SERVICE_VERIFIED, SERVICE_REFUSED, SERVICE_INCONCLUSIVE } service_verdict;

/* Starts the agent over the region of `store_fd`; `changed` is called, outside the agent, after what is trusted has changed. */
bool updates_start(const configuration *configuration, EventLoop *loop, int store_fd, void (*changed)(void));

/* The anchors of the service as PEM, from malloc, and of which generation they are. NULL where there are none. */
char *updates_anchors(uint64_t *generation);

/* Tells the agent how the application fared with the anchors of this generation. */
void updates_service_result(uint64_t generation, service_verdict verdict);

/* Asks the agent to check now. */
void updates_nudge(void);

/* Logs the figures of a run: memory of the agent and of the application. */
void updates_figures(void);

/* Stops the agent; its memory is the application's again. */
void updates_stop(void);

#endif
