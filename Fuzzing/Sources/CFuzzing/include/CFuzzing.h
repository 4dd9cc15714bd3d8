// What a fuzzer needs from libFuzzer and the system and Swift cannot import or express.
#pragma once

#include <stddef.h>
#include <stdint.h>

// libFuzzer's own mutations; they stay within `maximum` bytes. Returns the new size.
size_t LLVMFuzzerMutate(uint8_t *bytes, size_t size, size_t maximum);

// An empty file in memory, open for reading and writing, or -1.
int fz_memory_file(void);

// Decodes a zstd frame whose content is known to be at most `room` bytes. Returns how many bytes it decodes to, and 0
// for what is no such frame.
size_t fz_decode_frame(const uint8_t *frame, size_t count, uint8_t *target, size_t room);

// The seconds of processor time that this process has used.
double fz_processor_seconds(void);

// From now on this thread's allocations count.
void fz_start_counting(void);

// The most bytes that were allocated at once since counting started; 0 where the address sanitizer has
// an allocator of its own.
int64_t fz_most_allocated(void);
