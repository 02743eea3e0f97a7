/* Reading CmdArgs. */
#include "configuration.h"

#include <applibs/log.h>
#include <stdlib.h>
#include <string.h>

#define PORT_MAX 65535UL

static bool host_and_port(configuration *configuration, const char *value)
{
    const char *colon = strrchr(value, ':');
    char *end = NULL;
    if (colon == NULL || (size_t)(colon - value) >= sizeof configuration->host) {
        return false;
    }
    unsigned long port = strtoul(colon + 1, &end, 10);
    if (port == 0 || port > PORT_MAX || *end != '\0') {
        return false;
    }
    memcpy(configuration->host, value, (size_t)(colon - value));
    configuration->host[colon - value] = '\0';
    configuration->port = (uint16_t)port;
    return true;
}

static bool append(const char **list, size_t *count, size_t most, const char *value)
{
    if (*count == most) {
        return false;
    }
    list[(*count)++] = value;
    return true;
}

static bool option(configuration *it, const char *name, const char *value)
{
    if (strcmp(name, "--device") == 0) {
        it->device = value;
    } else if (strcmp(name, "--channel") == 0) {
        it->channel = value;
    } else if (strcmp(name, "--service") == 0) {
        it->service = value;
    } else if (strcmp(name, "--address") == 0) {
        it->address = value;
    } else if (strcmp(name, "--host") == 0) {
        return host_and_port(it, value);
    } else if (strcmp(name, "--url") == 0) {
        return append(it->urls, &it->url_count, URLS_MAX, value);
    } else if (strcmp(name, "--allowed") == 0) {
        return append(it->allowed_hosts, &it->allowed_host_count, HOSTS_MAX, value);
    } else if (strcmp(name, "--group") == 0) {
        return append(it->groups, &it->group_count, GROUPS_MAX, value);
    } else if (strcmp(name, "--mode") == 0) {
        it->observe = strcmp(value, "observe") == 0;
        return it->observe || strcmp(value, "install") == 0;
    } else if (strcmp(name, "--probe") == 0) {
        it->own_probes = strcmp(value, "own") == 0;
        return it->own_probes || strcmp(value, "agent") == 0;
    } else if (strcmp(name, "--census") == 0) {
        it->census = strcmp(value, "yes") == 0;
        return it->census || strcmp(value, "no") == 0;
    } else if (strcmp(name, "--cycles") == 0) {
        it->cycles_max = (uint32_t)strtoul(value, NULL, 10);
        return it->cycles_max > 0;
    } else {
        return false;
    }
    return true;
}

bool configuration_read(configuration *configuration, int count, char **arguments)
{
    memset(configuration, 0, sizeof *configuration);
    configuration->own_probes = true;
    for (int index = 1; index < count; index += 2) {
        if (index + 1 == count || !option(configuration, arguments[index], arguments[index + 1])) {
            (void)Log_Debug("DA error code=configuration what=%s\n", arguments[index]);
            return false;
        }
    }
    bool whole = configuration->device != NULL && configuration->channel != NULL && configuration->service != NULL &&
                 configuration->port != 0 && configuration->url_count > 0;
    if (!whole) {
        (void)Log_Debug("DA error code=configuration what=missing\n");
    }
    return whole;
}
