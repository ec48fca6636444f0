#include "CStart.h"

#ifdef PIPELATCH_STATIC
#include <nss.h>

// A static glibc loads the host's name-service modules, which are built for the host's glibc and crash in ours.
// Files and plain DNS are built in; what is lost is mDNS and names that only a module knows.
__attribute__((constructor)) static void hold_name_service(void) {
  __nss_configure_lookup("hosts", "files dns");
  __nss_configure_lookup("passwd", "files");
  __nss_configure_lookup("group", "files");
}
#endif
