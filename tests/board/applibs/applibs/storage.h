/* The signatures of Azure Sphere's applibs/storage.h that the emulated board has. Storage_DeleteMutableFile is absent on purpose:
 * it would take the store, and with it the floors, away under the agent. */
#ifndef BOARD_APPLIBS_STORAGE_H
#define BOARD_APPLIBS_STORAGE_H

/* A descriptor of the application's one mutable file, which is made where there is none. -1 and errno: EACCES where the
 * manifest has no MutableStorage, EIO. */
int Storage_OpenMutableFile(void);

/* A descriptor, for reading, of a file of the image package. -1 and errno: EINVAL where the path is absolute or leaves the
 * package, ENOENT. */
int Storage_OpenFileInImagePackage(const char *relativePath);

#endif
