/* Networking_IsNetworkingReady says that the time is synchronised *and* the network is there. It is asked for the former only: what
 * waits for the network is told by its own sockets, and a network without a time service would else never be used. */
#include "time_of_day.h"

#include <applibs/networking.h>
#include <stdbool.h>
#include <time.h>

uint64_t time_of_day_seconds(void)
{
    static bool known;
    bool ready = false;
    if (!known) {
        known = Networking_IsNetworkingReady(&ready) == 0 && ready;
    }
    time_t now = time(NULL);
    return known && now > 0 ? (uint64_t)now : 0;
}
