// What a fuzzer needs of libFuzzer and the system, and Swift cannot import or express.
#pragma once

#include <stddef.h>
#include <stdint.h>

// libFuzzer's own mutations; they stay within `maximum` bytes. Returns the new size.
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t maximum);

// An empty file in memory, open for reading and writing, or -1.
int fz_memory_file(void);

// Decodes a zstd frame whose content is at most `room` bytes. Returns how many bytes it decodes to;
// 0 if it is no such frame.
size_t fz_decode_frame(const uint8_t *frame, size_t count, uint8_t *target, size_t room);

// The seconds of processor time that this process has used.
double fz_processor_seconds(void);

// Starts counting this thread's allocations.
void fz_start_counting(void);

// The most bytes that were allocated at the same time since counting started; 0 under the address
// sanitizer, which has its own allocator.
int64_t fz_most_allocated(void);
