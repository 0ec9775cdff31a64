// Output: a stream of ours that may be lost while we write: a pipe that nobody reads any more, a disk that is full. The first failure is
// kept, and what is written after it is dropped. Used by one thread at a time.
#pragma once

#include <cstdio>
#include <string>
#include <string_view>

namespace wscope {

class Output {
public:
    Output(FILE* file, std::string name) : m_file(file), m_name(std::move(name)) {}
    FILE* file() const { return m_file; }
    void write(std::string_view text);
    /// Notes whether all that was written until now has arrived. False if something is lost.
    bool flush();
    bool lost() const { return m_error != 0; }
    /// `wscope: cannot write …` on stderr; our exit status.
    int fail() const;

private:
    FILE* m_file;
    std::string m_name;
    int m_error = 0;
};

}  // namespace wscope
