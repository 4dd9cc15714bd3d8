// Finds what the processor runs, and reads QFILTERS_KERNELS, once.
#include "CISA.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

static const char *const names[CK_ISA_COUNT] = {"plain", "avx2", "avx512", "avx512bf16"};

const char *ck_isa_name(ck_isa isa) { return names[isa]; }

bool ck_isa_is_available(ck_isa isa) {
  if (isa == CK_ISA_PLAIN) return true;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (!__builtin_cpu_supports("avx2") || !__builtin_cpu_supports("fma")
    || !__builtin_cpu_supports("f16c"))
    return false;
  if (isa == CK_ISA_AVX2) return true;
  if (!__builtin_cpu_supports("avx512f") || !__builtin_cpu_supports("avx512bw")
    || !__builtin_cpu_supports("avx512dq") || !__builtin_cpu_supports("avx512vl"))
    return false;
  if (isa == CK_ISA_AVX512) return true;
  return __builtin_cpu_supports("avx512vnni") && __builtin_cpu_supports("avx512bf16");
#else
  return false;
#endif
}

static ck_isa current;
static const char *rejected_name;

static void read_environment(void) {
  const char *name = getenv("QFILTERS_KERNELS");
  bool is_known = false;
  for (int isa = 0; isa < CK_ISA_COUNT && !is_known; isa++) {
    if (!ck_isa_is_available((ck_isa)isa)) break;
    current = (ck_isa)isa;
    is_known = name && !strcmp(names[isa], name);
  }
  if (name && !is_known) rejected_name = strdup(name);
}

static void read_environment_once(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, read_environment);
}

ck_isa ck_isa_current(void) {
  read_environment_once();
  return current;
}

const char *ck_isa_rejected_name(void) {
  read_environment_once();
  return rejected_name;
}
