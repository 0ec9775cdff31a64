// How `wscope trace` writes calls: one class per format, each to a stream that it borrows.
#pragma once

#include <cstdio>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "debugger/protocol.h"
#include "wasi/host_function.h"

namespace wscope {

struct TracedCall {
    const wasi::SyscallRecord& record;
    const wasi::HostFunction& function;
    size_t payloadBytes = 64;  // of a buffer that are shown
    bool failed = false;
    std::vector<debugger::Location> stack;  // if it was asked for
    wasi::ShownCall shown() const { return wasi::show(record, payloadBytes); }
};

class CallFormat {
public:
    virtual ~CallFormat() = default;
    virtual void begin(const std::string& /*program*/) {}
    virtual void write(const TracedCall& call) = 0;
    virtual void end() {}
};
/// "text" (`withTimes`: when and how long), "json", "csv", "chrome".
std::unique_ptr<CallFormat> makeFormat(const std::string& name, FILE* out, bool withTimes);

struct Totals {
    uint64_t calls = 0, errors = 0;
    int64_t ns = 0;
};
using CallTotals = std::map<std::string, Totals>;
/// The table of -c: what took longest first; as JSON lines or CSV if that is the format.
void writeSummary(FILE* out, const CallTotals& totals, const std::string& format);

}  // namespace wscope
