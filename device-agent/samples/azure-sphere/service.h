/* The service that this application is for: one TLS connection, made again whenever what is trusted has changed. */
#ifndef SAMPLE_SERVICE_H
#define SAMPLE_SERVICE_H

#include <applibs/eventloop.h>
#include <stdbool.h>

#include "configuration.h"

bool service_start(const configuration *configuration, EventLoop *loop);

/* Drops the connection with its context, and connects anew under the anchors of now. */
void service_restart(void);

void service_stop(void);

#endif
