#include "COpenBLAS.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>

const char *openblas_preferred_core(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
      && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return "SkylakeX";
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
    return "Haswell";
#endif
  return NULL;
}

static void *open_library(void) {
  const char *core = openblas_preferred_core();
  int ours = core != NULL && getenv("OPENBLAS_CORETYPE") == NULL;
  if (ours)
    setenv("OPENBLAS_CORETYPE", core, 1);
  void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
  if (ours)
    unsetenv("OPENBLAS_CORETYPE");
  return library;
}

static OpenBLAS blas;
static int complete;

static void open_once(void) {
  void *library = open_library();
  if (library == NULL)
    return;
  *(void **)&blas.sgemm = dlsym(library, "cblas_sgemm");
  *(void **)&blas.ssyrk = dlsym(library, "cblas_ssyrk");
  *(void **)&blas.dsyevr = dlsym(library, "dsyevr_");
  *(void **)&blas.core_name = dlsym(library, "openblas_get_corename");
  complete = blas.sgemm && blas.ssyrk && blas.dsyevr && blas.core_name;
}

const OpenBLAS *openblas_open(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, open_once);
  return complete ? &blas : NULL;
}
