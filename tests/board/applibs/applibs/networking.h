/* The signatures of Azure Sphere's applibs/networking.h that the emulated board has. */
#ifndef BOARD_APPLIBS_NETWORKING_H
#define BOARD_APPLIBS_NETWORKING_H

#include <stdbool.h>
#include <stdint.h>

/* Whether there is a network *and* the time is synchronised. -1 and errno: EFAULT. */
int Networking_IsNetworkingReady(bool *outIsNetworkingReady);

typedef uint32_t Networking_InterfaceConnectionStatus;
enum {
    Networking_InterfaceConnectionStatus_InterfaceUp = 1 << 0,
    Networking_InterfaceConnectionStatus_ConnectedToNetwork = 1 << 1,
    Networking_InterfaceConnectionStatus_IpAvailable = 1 << 2,
    Networking_InterfaceConnectionStatus_ConnectedToInternet = 1 << 3,
};

/* How far an interface has got. The board has one, wlan0. -1 and errno: EFAULT, ENOENT. */
int Networking_GetInterfaceConnectionStatus(const char *networkInterfaceName,
                                            Networking_InterfaceConnectionStatus *outStatus);

#endif
