/* The agent's probe of this application's service, made with the application's own TLS stack: a service that speaks TLS 1.2 only can
 * be probed by no other. */
#ifndef SAMPLE_PROBE_H
#define SAMPLE_PROBE_H

#include <applibs/eventloop.h>
#include <stdbool.h>
#include <stdint.h>

#include "tls_client.h"

/* The served chain, for the agent to judge under whatever bundles it wants; NULL where there was no handshake. */
typedef void probe_done(uint32_t ticket, const tls_chain *chain);

bool probe_prepare(EventLoop *loop, probe_done *done);

/* False where a probe is under way already. `address` in words where the name system is not to be asked, or NULL. */
bool probe_start(uint32_t ticket, const char *host, uint16_t port, const char *address);

#endif
