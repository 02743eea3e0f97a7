/* applibs' networking and device authentication: what the control file says. */
#include <applibs/application.h>
#include <applibs/networking.h>

#include <errno.h>
#include <stddef.h>
#include <string.h>
#include <time.h>

#include "../control/control.h"

/* A machine's clock that shows less than this, 2020-01-01, has not been set. */
#define CLOCK_SET_SECONDS_MIN INT64_C(1577836800)

int Networking_IsNetworkingReady(bool *outIsNetworkingReady)
{
    if (outIsNetworkingReady == NULL) {
        errno = EFAULT;
        return -1;
    }
    board_control control = board_control_now();
    bool known = control.clock == BOARD_CLOCK_SHIFTED;
    if (control.clock == BOARD_CLOCK_KERNEL) {
        known = (int64_t)time(NULL) >= CLOCK_SET_SECONDS_MIN;
    }
    *outIsNetworkingReady = control.network_up && known;
    return 0;
}

int Networking_GetInterfaceConnectionStatus(const char *networkInterfaceName,
                                            Networking_InterfaceConnectionStatus *outStatus)
{
    if (networkInterfaceName == NULL || outStatus == NULL) {
        errno = EFAULT;
        return -1;
    }
    if (strcmp(networkInterfaceName, "wlan0") != 0) {
        errno = ENOENT;
        return -1;
    }
    *outStatus = Networking_InterfaceConnectionStatus_InterfaceUp;
    if (board_control_now().network_up) {
        *outStatus |= Networking_InterfaceConnectionStatus_ConnectedToNetwork |
                      Networking_InterfaceConnectionStatus_IpAvailable |
                      Networking_InterfaceConnectionStatus_ConnectedToInternet;
    }
    return 0;
}

int Application_IsDeviceAuthReady(bool *outIsDeviceAuthReady)
{
    if (outIsDeviceAuthReady == NULL) {
        errno = EFAULT;
        return -1;
    }
    *outIsDeviceAuthReady = board_control_now().device_auth_ready;
    return 0;
}
