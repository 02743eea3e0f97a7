/* What this image is told: the command line of its manifest (CmdArgs). An application cannot read its AllowedConnections, so
 * that the hosts stand in the manifest twice. */
#ifndef SAMPLE_CONFIGURATION_H
#define SAMPLE_CONFIGURATION_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Base URLs of the channel, hosts of AllowedConnections, groups: as many as a manifest's CmdArgs can reasonably name. */
#define URLS_MAX 4
#define HOSTS_MAX 8
#define GROUPS_MAX 4
/* A host name of the DNS with its NUL (RFC 1035, section 2.3.4). */
#define HOST_BYTES 256

typedef struct {
    const char *device;
    const char *channel;
    const char *service;    /* whose anchors this application uses */
    char host[HOST_BYTES];  /* where that service is */
    uint16_t port;
    const char *address;    /* of that host, where the name system is not to be asked; or NULL */
    const char *urls[URLS_MAX];
    size_t url_count;
    const char *allowed_hosts[HOSTS_MAX];
    size_t allowed_host_count;
    const char *groups[GROUPS_MAX];
    size_t group_count;
    bool observe;
    bool census; /* reports say which anchors the services were seen to need: the owner of the device decides */
    uint32_t cycles_max; /* ends by itself after so many of the agent's cycles; 0: never. For boards that nobody can signal */
    bool own_probes; /* the application's TLS stack makes the probes of its service */
} configuration;

/* False where the command line says too little, too much, or something unknown; that is logged. */
bool configuration_read(configuration *configuration, int count, char **arguments);

#endif
