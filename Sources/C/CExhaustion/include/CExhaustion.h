// How a program ends when the system denies it memory or a thread: with one sentence.
//
// Swift's runtime, its dispatch queues, and libraries trap or wait for ever then. A program that
// links this has `malloc` and its kin, and `pthread_create`, in versions that end it instead. It is
// for programs alone: a library must not decide that for the program that it is part of.
#ifndef CEXHAUSTION_H
#define CEXHAUSTION_H

/// From now on, a denied request removes all temporary files, writes one sentence that begins with
/// `prefix` on standard error, and ends the process with `status`. `prefix` must live as long as
/// the process.
void cx_end_on_exhaustion(const char *prefix, int status);

#endif
