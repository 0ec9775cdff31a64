// LibdwarfReader: DIE trees by libdwarf, from sections in memory. Runs only in the symbol child (and in its tests).
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "debugger/symbols/child_protocol.h"
#include "debugger/symbols/die_table.h"

namespace debugger::symbol_child {

struct NamedSection {
    std::string name;
    dwarf::Bytes bytes;
};

class LibdwarfReader {
public:
    /// The bytes must outlive the reader. Error: Malformed, with libdwarf's message.
    static engine::Result<std::unique_ptr<LibdwarfReader>> create(std::vector<NamedSection> sections);
    ~LibdwarfReader();

    /// Error: Malformed, with libdwarf's message.
    engine::Result<dwarf::DieTable> dieTable(const dwarf::ChildRequest& request);

    struct Implementation;

private:
    explicit LibdwarfReader(std::unique_ptr<Implementation> implementation);
    std::unique_ptr<Implementation> m_implementation;
};

}  // namespace debugger::symbol_child
