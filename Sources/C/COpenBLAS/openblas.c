#define _GNU_SOURCE
#include "COpenBLAS.h"

#include <dlfcn.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

const char *openblas_preferred_core(void) {
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw")
    && __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512vl"))
    return "SkylakeX";
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma")) return "Haswell";
#endif
  return NULL;
}

// OpenBLAS requests the work space of each thread until it gets it, possibly for ever, and a thread
// of its own that waits like this keeps the process from ending. Where address space is limited, it
// therefore gets no threads of its own, and it takes its work space first.

// What the library takes, and the work space of a thread on the kernels that take most.
static const size_t library_space = (size_t)48 << 20, thread_space = (size_t)132 << 20;

static bool has_space(size_t bytes) {
  void *space = mmap(NULL, bytes, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  return space != MAP_FAILED && munmap(space, bytes) == 0;
}

// Whether the rest of a limit may be too little for all threads, whatever else the process takes.
static bool is_tight(void) {
  struct rlimit limit;
  if (getrlimit(RLIMIT_AS, &limit) != 0 || limit.rlim_cur == RLIM_INFINITY) return false;
  long cores = sysconf(_SC_NPROCESSORS_ONLN);
  return !has_space(library_space + ((size_t)(cores > 0 ? cores : 1) + 8) * thread_space);
}

static void *open_library(bool has_threads) {
  const char *variables[] = {"OPENBLAS_CORETYPE", "OPENBLAS_NUM_THREADS"};
  const char *values[] = {openblas_preferred_core(), has_threads ? NULL : "1"};
  bool ours[2];
  for (int i = 0; i < 2; i++) {
    ours[i] = values[i] != NULL && (i == 1 || getenv(variables[i]) == NULL);
    if (ours[i]) setenv(variables[i], values[i], 1);
  }
  void *library = dlopen("libopenblas.so.0", RTLD_NOW | RTLD_LOCAL);
  for (int i = 0; i < 2; i++)
    if (ours[i]) unsetenv(variables[i]);
  return library;
}

static OpenBLAS blas;

// The same functions for one caller at a time, which needs no more work space than the one before.
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

static void sgemm_in_turn(enum CBLAS_ORDER order, enum CBLAS_TRANSPOSE transA,
  enum CBLAS_TRANSPOSE transB, blasint m, blasint n, blasint k, float alpha, const float *a,
  blasint lda, const float *b, blasint ldb, float beta, float *c, blasint ldc) {
  pthread_mutex_lock(&turn);
  blas.sgemm(order, transA, transB, m, n, k, alpha, a, lda, b, ldb, beta, c, ldc);
  pthread_mutex_unlock(&turn);
}

static void ssyrk_in_turn(enum CBLAS_ORDER order, enum CBLAS_UPLO uplo, enum CBLAS_TRANSPOSE trans,
  blasint n, blasint k, float alpha, const float *a, blasint lda, float beta, float *c,
  blasint ldc) {
  pthread_mutex_lock(&turn);
  blas.ssyrk(order, uplo, trans, n, k, alpha, a, lda, beta, c, ldc);
  pthread_mutex_unlock(&turn);
}

static void dsyevr_in_turn(const char *jobz, const char *range, const char *uplo, const int32_t *n,
  double *a, const int32_t *lda, const double *vl, const double *vu, const int32_t *il,
  const int32_t *iu, const double *abstol, int32_t *m, double *w, double *z, const int32_t *ldz,
  int32_t *isuppz, double *work, const int32_t *lwork, int32_t *iwork, const int32_t *liwork,
  int32_t *info) {
  pthread_mutex_lock(&turn);
  blas.dsyevr(jobz, range, uplo, n, a, lda, vl, vu, il, iu, abstol, m, w, z, ldz, isuppz, work,
    lwork, iwork, liwork, info);
  pthread_mutex_unlock(&turn);
}

static void dposv_in_turn(const char *uplo, const int32_t *n, const int32_t *nrhs, double *a,
  const int32_t *lda, double *b, const int32_t *ldb, int32_t *info) {
  pthread_mutex_lock(&turn);
  blas.dposv(uplo, n, nrhs, a, lda, b, ldb, info);
  pthread_mutex_unlock(&turn);
}

// Makes the library take its work space, by a product that is too large to do without.
static void take_work_space(void) {
  enum { side = 512 };
  float *zeros = calloc((size_t)side * side, sizeof(float));
  if (!zeros) return;
  blas.sgemm(CblasRowMajor, CblasNoTrans, CblasTrans, side, side, side, 1, zeros, side, zeros, side,
    0, zeros, side);
  free(zeros);
}

static const OpenBLAS *opened;
static const char *problem =
  "libopenblas.so.0 is missing or incomplete; install OpenBLAS (Debian: libopenblas0-pthread)";

static void open_once(void) {
  bool tight = is_tight();
  if (tight && !has_space(library_space + thread_space)) {
    problem =
      "the limit on address space (ulimit -v) leaves less than the 180 MB that OpenBLAS takes; "
      "raise it by that much";
    return;
  }
  void *library = open_library(!tight);
  if (library == NULL) return;
  *(void **)&blas.sgemm = dlsym(library, "cblas_sgemm");
  *(void **)&blas.ssyrk = dlsym(library, "cblas_ssyrk");
  *(void **)&blas.dsyevr = dlsym(library, "dsyevr_");
  *(void **)&blas.dposv = dlsym(library, "dposv_");
  *(void **)&blas.core_name = dlsym(library, "openblas_get_corename");
  if (!blas.sgemm || !blas.ssyrk || !blas.dsyevr || !blas.dposv || !blas.core_name) return;
  problem = NULL;
  if (!tight) {
    opened = &blas;
    return;
  }
  take_work_space();
  static OpenBLAS in_turn;
  in_turn = (OpenBLAS){sgemm_in_turn, ssyrk_in_turn, dsyevr_in_turn, dposv_in_turn, blas.core_name};
  opened = &in_turn;
}

const OpenBLAS *openblas_open(void) {
  static pthread_once_t once = PTHREAD_ONCE_INIT;
  pthread_once(&once, open_once);
  return opened;
}

const char *openblas_problem(void) {
  openblas_open();
  return problem;
}
