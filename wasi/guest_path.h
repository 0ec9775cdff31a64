// Paths of the guest as texts: for people and for the ledger, never for opening. A tidy one is what displayPath() returns.
#pragma once

#include <string>
#include <string_view>

namespace wasi {

/// "/data/../x" and such, put together and tidied by its text alone.
std::string displayPath(std::string_view directory, std::string_view path);

/// One component that leads to itself.
bool isTidyName(std::string_view name);
/// True only of tidy paths, and of most of them.
bool isTidyPath(std::string_view path);
/// displayPath() of a tidy path and a tidy name.
std::string joinTidy(std::string_view directory, std::string_view name);

// Of tidy paths:

/// Deepest folder that holds both.
std::string commonFolder(const std::string& a, const std::string& b);
bool isBelow(const std::string& path, const std::string& folder);
std::string parentFolder(const std::string& path);

}  // namespace wasi
