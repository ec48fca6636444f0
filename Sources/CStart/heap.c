#include "CStart.h"

#include <stdlib.h>

#ifdef __GLIBC__
#include <malloc.h>

// Of the few threads hardly two ever run at once, so one heap does: each thread's own grows page by page, with a system
// call for each step.
__attribute__((constructor)) static void share_heap(void) { mallopt(M_ARENA_MAX, 1); }
#endif
