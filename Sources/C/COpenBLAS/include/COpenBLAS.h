// OpenBLAS, opened at run time so that its kernels can be chosen first.
//
// OpenBLAS picks its kernels once, in the library's constructor, from the processor's family. A
// release older than the processor falls back to kernels of 2004, which are ten times slower. Only
// OPENBLAS_CORETYPE changes that, read by that constructor: before `main` if the library is linked,
// but under our control if it is opened with dlopen.
#ifndef COPENBLAS_H
#define COPENBLAS_H

#include <cblas.h>
#include <stdint.h>

/// The functions of OpenBLAS that this project calls.
typedef struct {
  __typeof__(cblas_sgemm) *_Nonnull sgemm;
  __typeof__(cblas_ssyrk) *_Nonnull ssyrk;
  /// LAPACK's symmetric eigensolver (Fortran: everything by pointer).
  void (*_Nonnull dsyevr)(const char *_Nonnull jobz, const char *_Nonnull range,
    const char *_Nonnull uplo, const int32_t *_Nonnull n, double *_Nonnull a,
    const int32_t *_Nonnull lda, const double *_Nonnull vl, const double *_Nonnull vu,
    const int32_t *_Nonnull il, const int32_t *_Nonnull iu, const double *_Nonnull abstol,
    int32_t *_Nonnull m, double *_Nonnull w, double *_Nonnull z, const int32_t *_Nonnull ldz,
    int32_t *_Nonnull isuppz, double *_Nonnull work, const int32_t *_Nonnull lwork,
    int32_t *_Nonnull iwork, const int32_t *_Nonnull liwork, int32_t *_Nonnull info);
  /// LAPACK's solver for symmetric positive definite systems.
  void (*_Nonnull dposv)(const char *_Nonnull uplo, const int32_t *_Nonnull n,
    const int32_t *_Nonnull nrhs, double *_Nonnull a, const int32_t *_Nonnull lda,
    double *_Nonnull b, const int32_t *_Nonnull ldb, int32_t *_Nonnull info);
  /// The name of the kernels in use.
  const char *_Nonnull (*_Nonnull core_name)(void);
} OpenBLAS;

/// Opens OpenBLAS on the widest kernels that this processor runs, or those that OPENBLAS_CORETYPE
/// in the environment names. Returns NULL if it cannot be used. Only the first call opens it; safe
/// from any thread. Where address space is limited, it computes on one thread, and for one caller
/// at a time.
const OpenBLAS *_Nullable openblas_open(void);

/// Why OpenBLAS cannot be used, in one sentence without a full stop; NULL if it can.
const char *_Nullable openblas_problem(void);

/// The core type that `openblas_open` asks for on this processor, or NULL to let OpenBLAS choose.
const char *_Nullable openblas_preferred_core(void);

#endif
