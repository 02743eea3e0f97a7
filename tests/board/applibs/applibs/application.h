/* The signatures of Azure Sphere's applibs/application.h that the emulated board has. */
#ifndef BOARD_APPLIBS_APPLICATION_H
#define BOARD_APPLIBS_APPLICATION_H

#include <stdbool.h>

/* Whether device authentication can be used yet. -1 and errno: EFAULT. */
int Application_IsDeviceAuthReady(bool *outIsDeviceAuthReady);

#endif
