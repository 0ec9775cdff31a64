// OutputLog: what a guest wrote to its Session stdout and stderr, bounded: the newest bytes are kept, how many were dropped is counted.
// So a guest that writes without end neither stops nor eats memory. Written by the session thread, read by any.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

namespace wasi {

enum class OutputStream : uint8_t { Stdout = 1, Stderr = 2 };

/// A run of bytes of one stream.
struct OutputChunk {
    OutputStream stream = OutputStream::Stdout;
    uint64_t position = 0;         // of its first byte in the whole output (both streams counted together)
    uint64_t syscallSequence = 0;  // the call that wrote it
    std::string bytes;
};

class OutputLog {
public:
    explicit OutputLog(uint64_t keepBytes = uint64_t{16} << 20);
    ~OutputLog();
    /// Bytes written so far, and the position of the oldest byte still kept. Any thread.
    uint64_t end() const;
    uint64_t begin() const;
    /// Chunks that cover [position, position + maxBytes), cut to what is kept. Any thread.
    std::vector<OutputChunk> read(uint64_t position, uint64_t maxBytes) const;
    /// Session thread.
    void append(OutputStream stream, std::span<const uint8_t> bytes, uint64_t syscallSequence);
    void clear();

private:
    struct Impl;
    std::unique_ptr<Impl> m;
};

}  // namespace wasi
