/* The signatures of Azure Sphere's applibs/log.h that the emulated board has. */
#ifndef BOARD_APPLIBS_LOG_H
#define BOARD_APPLIBS_LOG_H

#include <stdarg.h>

/* Formats a message for the debug log. 0, or -1 and errno: EFAULT where the format is NULL. */
int Log_Debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
int Log_DebugVarArgs(const char *fmt, va_list args) __attribute__((format(printf, 1, 0)));

#endif
