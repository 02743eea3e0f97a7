/* The signatures of Azure Sphere's applibs/applications.h that the emulated board has. As in the SDK, the three named functions
 * live in the header, and the library has one symbol behind them. */
#ifndef BOARD_APPLIBS_APPLICATIONS_H
#define BOARD_APPLIBS_APPLICATIONS_H

#include <stddef.h>
#include <stdint.h>

typedef uint32_t z__Application_MemoryAttribute;
enum {
    z__Applications_MemoryAttribute_TotalMemoryUsageInKB = 0,
    z__Applications_MemoryAttribute_UserModeMemoryUsageInKB = 1,
    z__Applications_MemoryAttribute_PeakUserModeMemoryUsageInKB = 2,
};

int z__Applications_GetMemoryInfo(z__Application_MemoryAttribute memoryAttribute, void *buffer, size_t capacity);

static inline size_t board_memory(z__Application_MemoryAttribute attribute)
{
    size_t kilobytes = 0;
    return z__Applications_GetMemoryInfo(attribute, &kilobytes, sizeof kilobytes) == 0 ? kilobytes : 0;
}

/* Memory of all applications with the kernel's share, in KiB; 0 and errno where it is not known. */
static inline size_t Applications_GetTotalMemoryUsageInKB(void)
{
    return board_memory(z__Applications_MemoryAttribute_TotalMemoryUsageInKB);
}

/* Memory of this application alone, in KiB. */
static inline size_t Applications_GetUserModeMemoryUsageInKB(void)
{
    return board_memory(z__Applications_MemoryAttribute_UserModeMemoryUsageInKB);
}

/* The most that it ever was, in KiB. */
static inline size_t Applications_GetPeakUserModeMemoryUsageInKB(void)
{
    return board_memory(z__Applications_MemoryAttribute_PeakUserModeMemoryUsageInKB);
}

#endif
