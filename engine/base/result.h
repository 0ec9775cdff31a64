// Result<T>: a value or an Error, for everything that bad input or the environment can make fail. TRY passes an error on.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "engine/base/check.h"

namespace engine {

enum class ErrorCode : uint8_t {
    Io,           // the environment refused: file missing, unreadable, disk full
    NotWasm,      // not a WebAssembly binary at all
    Malformed,    // breaks the binary grammar (standard, section 5)
    Invalid,      // breaks validation (standard, section 3)
    Limit,        // above a limit of this implementation; the message names the limit
    Unsupported,  // well formed, but uses what we do not have (yet); can be inspected, cannot run
    Unlinkable,   // an import is missing or has another type
    NotFound,     // a name, id or address that does not exist
    BadArgument,  // what the user asked for makes no sense
    Denied,       // the sandbox or policy refuses
    State,        // not possible in the present state (e.g. step while nothing is loaded)
};

/// Where in the input it went wrong; every field may be absent.
struct Where {
    std::string file{};
    std::string section{};               // "code", "type", ".debug_line" …
    std::optional<uint64_t> offset{};    // bytes from the start of the file
    std::optional<uint32_t> function{};  // function index
    bool operator==(const Where&) const = default;
};

/// What failed, where, and (in the message) what to do. A plain value: it crosses threads and processes.
struct Error {
    ErrorCode code = ErrorCode::BadArgument;
    std::string message;
    Where where{};

    /// One line: `FILE: function 3, code section, offset 0x1f: MESSAGE`, leaving out what is absent.
    std::string text() const;
    bool operator==(const Error&) const = default;
};

template <class T = void>
class [[nodiscard]] Result {
public:
    using Value = T;
    Result(T value) : m_v(std::in_place_index<0>, std::move(value)) {}
    Result(Error error) : m_v(std::in_place_index<1>, std::move(error)) {}

    bool ok() const { return m_v.index() == 0; }
    explicit operator bool() const { return ok(); }
    T& value() & {
        CHECK(ok());
        return *std::get_if<0>(&m_v);
    }
    const T& value() const& {
        CHECK(ok());
        return *std::get_if<0>(&m_v);
    }
    T&& value() && {
        CHECK(ok());
        return std::move(*std::get_if<0>(&m_v));
    }
    T& operator*() & { return value(); }
    const T& operator*() const& { return value(); }
    T&& operator*() && { return std::move(*this).value(); }
    T* operator->() { return &value(); }
    const T* operator->() const { return &value(); }
    T valueOr(T other) const { return ok() ? value() : std::move(other); }
    Error& error() {
        CHECK(!ok());
        return *std::get_if<1>(&m_v);
    }
    const Error& error() const {
        CHECK(!ok());
        return *std::get_if<1>(&m_v);
    }

private:
    std::variant<T, Error> m_v;
};

template <>
class [[nodiscard]] Result<void> {
public:
    using Value = void;
    Result() = default;
    Result(Error error) : m_error(std::move(error)) {}

    bool ok() const { return !m_error; }
    explicit operator bool() const { return ok(); }
    void value() const { CHECK(ok()); }
    Error& error() {
        CHECK(!ok());
        return *m_error;
    }
    const Error& error() const {
        CHECK(!ok());
        return *m_error;
    }

private:
    std::optional<Error> m_error;
};

}  // namespace engine

/// `auto x = TRY(f());` the value of f(), or returns f()'s error from the enclosing function.
#define TRY(expression)                                           \
    ({                                                            \
        auto tryResult = (expression);                            \
        if (!tryResult.ok()) return std::move(tryResult.error()); \
        std::move(tryResult).value();                             \
    })
