// Paths of the guest as texts: for people and for the ledger, never for opening. A tidy one is what displayPath() returns.
#pragma once

#include <string>
#include <string_view>

namespace wasi {

/// "/data/../x" and such, put together and tidied by its text alone.
std::string displayPath(std::string_view directory, std::string_view path);

// Of tidy paths:

/// Deepest folder that holds both.
std::string commonFolder(const std::string& a, const std::string& b);
bool isBelow(const std::string& path, const std::string& folder);
std::string parentFolder(const std::string& path);

}  // namespace wasi
