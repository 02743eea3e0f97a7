/* One handshake per endpoint: what was served is judged under the present and the candidate bundle alike. */
#include "probe.h"

#include <applibs/log.h>
#include <stdlib.h>
#include <string.h>

#include "configuration.h"
#include "connection.h"

static connection link_to_endpoint;
static probe_done *done;
static uint32_t ticket;
static char probed_host[HOST_BYTES]; /* the agent's own string is valid during its callback only */

/* The chain is as large as a probe is rare: its memory is held while one is under way. */
static void ended(void *context, tls_progress outcome, int error)
{
    tls_chain *chain = link_to_endpoint.chain;
    (void)context;
    bool shaken = outcome == TLS_DONE && chain->count > 0;
    (void)Log_Debug("DA probe host=%s certificates=%zu error=%d\n", probed_host, shaken ? chain->count : 0, error);
    connection_close(&link_to_endpoint);
    done(ticket, shaken ? chain : NULL);
    link_to_endpoint.chain = NULL;
    free(chain);
}

static void received(void *context, const char *text, size_t bytes)
{
    (void)context;
    (void)text;
    (void)bytes;
}

bool probe_prepare(EventLoop *loop, probe_done *answer)
{
    done = answer;
    link_to_endpoint = (connection){.ended = ended, .received = received};
    return connection_prepare(&link_to_endpoint, loop);
}

bool probe_start(uint32_t number, const char *host, uint16_t port, const char *address)
{
    if (link_to_endpoint.chain != NULL || strlen(host) >= sizeof probed_host) {
        return false;
    }
    link_to_endpoint.chain = malloc(sizeof *link_to_endpoint.chain);
    if (link_to_endpoint.chain == NULL) {
        return false;
    }
    link_to_endpoint.chain->count = 0;
    memcpy(probed_host, host, strlen(host) + 1);
    ticket = number;
    connection_start(&link_to_endpoint, probed_host, port, address);
    return true;
}
