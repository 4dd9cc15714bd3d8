#define _GNU_SOURCE
#include <sys/mman.h>
#include <time.h>

#include "CFuzzing.h"

int fz_memory_file(void) { return memfd_create("fuzz", MFD_CLOEXEC); }

double fz_processor_seconds(void) {
  struct timespec now;
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &now);
  return (double)now.tv_sec + 1e-9 * (double)now.tv_nsec;
}
