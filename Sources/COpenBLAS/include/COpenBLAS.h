// OpenBLAS, opened at run time so that its kernels can be chosen first.
//
// OpenBLAS picks its kernels once, in the library's constructor, from the processor's family; a
// release older than the processor falls back to kernels of 2004 and loses nine tenths of the
// speed. The only lever is OPENBLAS_CORETYPE, read by that constructor: before `main` if the
// library is linked, but under our control if it is opened with dlopen.
#ifndef COPENBLAS_H
#define COPENBLAS_H

#include <cblas.h>
#include <stdint.h>

/// The functions of OpenBLAS that this project calls.
typedef struct {
  __typeof__(cblas_sgemm) *sgemm;
  __typeof__(cblas_ssyrk) *ssyrk;
  /// LAPACK's symmetric eigensolver (Fortran: everything by pointer).
  void (*dsyevr)(
    const char *jobz, const char *range, const char *uplo, const int32_t *n, double *a,
    const int32_t *lda, const double *vl, const double *vu, const int32_t *il, const int32_t *iu,
    const double *abstol, int32_t *m, double *w, double *z, const int32_t *ldz, int32_t *isuppz,
    double *work, const int32_t *lwork, int32_t *iwork, const int32_t *liwork, int32_t *info);
  const char *(*core_name)(void);
  const char *(*config)(void);
  void (*set_num_threads)(int);
} OpenBLAS;

/// Opens OpenBLAS on the widest kernels that this processor runs, unless OPENBLAS_CORETYPE in the
/// environment says otherwise. Returns NULL if the library or one of its functions is missing.
/// Not thread-safe: the caller makes sure that it runs once.
const OpenBLAS *_Nullable openblas_open(void);

/// The core type that `openblas_open` asks for on this processor, or NULL to let OpenBLAS choose.
const char *_Nullable openblas_preferred_core(void);

#endif
