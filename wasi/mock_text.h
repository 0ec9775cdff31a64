// Rules of mocks as people write them, at the prompt and in the Mocks panel:
//
//   path_open path ~ "*.cfg" nth 3 errno noent
//   fd_read fd = 4 from 2 to 5 reply bytes "hello\n"
//   fd_readdir reply entry "a.txt" entry "logs/" inode 7 entry "l" type symbolic_link cookie 9
//   fd_* caller ~ "parse_*" probability 0.1 seed 7 delay 5ms corrupt 2
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "engine/base/result.h"
#include "wasi/mock_rule.h"

namespace wasi {

/// The four parts of which a rule's text consists, in this order, each in its own column of the panel.
struct MockText {
    std::string call;    // "path_open"
    std::string when;    // "path ~ \"*.cfg\""
    std::string which;   // "nth 3"
    std::string answer;  // "errno noent"
    std::string line() const;
};
MockText toText(const MockRule& rule);
/// BadArgument: "column 9: …", or what MockTable::set() says of one rule.
engine::Result<MockRule> parseMock(std::string_view text);
/// How a rule is written, from the table that parseMock() reads by: lines.
std::string mockRuleHelp();

/// An entry by its name: a directory if that ends in "/", else a regular file; and the other way round.
MockDirent direntOf(std::string_view name);
std::string nameText(const MockDirent& entry);
/// "directory", "symbolic_link", as the standard names them.
std::optional<Filetype> parseFiletype(std::string_view text);

/// "5ms", "1.5s", "200us".
std::string delayText(uint64_t ns);
engine::Result<uint64_t> parseDelay(std::string_view text);
/// "48656c": two digits a byte.
std::optional<std::string> parseHex(std::string_view text);
std::string hexText(std::string_view bytes);
/// Nothing if it is no number from 0 to 1.
std::optional<double> parseChance(std::string_view text);

}  // namespace wasi
