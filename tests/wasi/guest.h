// Guest: stands in for a guest program in tests: a memory of four pages, and host functions called as a machine would.
#pragma once

#include <gtest/gtest.h>
#include <stdlib.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "engine/machine.h"
#include "wasi/abi.h"
#include "wasi/host.h"

namespace wasi {

/// A folder that is removed with it. "inside" is what guests get, beside it lies what they must not reach.
class Scratch {
public:
    Scratch() {
        std::string name = (std::filesystem::temp_directory_path() / "wasi_test.XXXXXX").string();
        m_path = mkdtemp(name.data());
        std::filesystem::create_directories(m_path / "inside");
        put("secret", "outside");
        std::filesystem::create_directories(m_path / "outside.dir");
        put("outside.dir/f", "outside");
    }
    ~Scratch() {
        std::error_code ignored;
        std::filesystem::remove_all(m_path, ignored);
    }
    std::filesystem::path path(const std::string& name = "") const { return m_path / name; }
    std::string inside(const std::string& name = "") const { return (m_path / "inside" / name).string(); }
    void put(const std::string& name, const std::string& text) const { std::ofstream(m_path / name) << text; }
    std::string get(const std::string& name) const {
        std::ostringstream text;
        text << std::ifstream(m_path / name).rdbuf();
        return text.str();
    }
    void link(const std::string& target, const std::string& name) const {
        std::filesystem::create_symlink(target, m_path / "inside" / name);
    }

private:
    std::filesystem::path m_path;
};

class Guest {
public:
    static Capabilities quiet() {
        Capabilities c;
        c.arguments = {"guest.wasm"};
        c.standardInput.kind = c.standardOutput.kind = c.standardError.kind = StdioKind::Session;
        return c;
    }
    static Capabilities with(const Scratch& scratch, MountKind kind = MountKind::Real) {
        auto c = quiet();
        c.preopens.push_back({scratch.inside(), "/data", kind});
        return c;
    }

    explicit Guest(Capabilities capabilities = quiet()) {
        static const std::vector<uint8_t> kBytes{0, 'a', 's', 'm', 1,   0,   0,   0,   5,   3,   1, 0, 4,
                                                 7, 10,  1,   6,   'm', 'e', 'm', 'o', 'r', 'y', 2, 0};
        auto created = WasiHost::create(std::move(capabilities));
        CHECK(created.ok());
        host = std::move(*created);
        auto module =
            engine::decodeModule(std::make_shared<const std::vector<uint8_t>>(kBytes), "guest.wasm");
        CHECK(module.ok());
        auto instance = store.instantiate(*module, host->resolver(store), nullptr);
        CHECK(instance.ok());
        m_instance = *instance;
        host->attach(store, m_instance);
        auto made = engine::Machine::create(store);
        CHECK(made.ok());
        machine = std::move(*made);
    }

    uint8_t* memory() { return store.memory(engine::MemAddr(0)).base(); }
    static constexpr uint32_t kMemoryBytes = 4 << 16;

    /// Room for a result or buffer.
    uint32_t room(uint32_t bytes) {
        m_next = (m_next + 7) & ~7u;
        const uint32_t at = m_next;
        m_next += bytes;
        CHECK(m_next <= kMemoryBytes);
        return at;
    }
    uint32_t put(std::string_view text) {
        const uint32_t at = room(static_cast<uint32_t>(text.size()));
        std::memcpy(memory() + at, text.data(), text.size());
        return at;
    }
    template <class T>
    requires(!std::is_convertible_v<T, std::string_view>) uint32_t put(const T& value) {
        const uint32_t at = room(Abi<T>::size());
        Abi<T>::store(memory() + at, value);
        return at;
    }
    template <class T>
    T get(uint32_t at) {
        T value{};
        Abi<T>::load(memory() + at, value);
        return value;
    }
    std::string text(uint32_t at, uint32_t length) {
        return {reinterpret_cast<char*>(memory()) + at, length};
    }

    engine::HostOutcome outcome(const std::string& name, std::vector<uint64_t> arguments,
                                Errno* error = nullptr) {
        const int row = findHostFunction(name);
        CHECK(row >= 0);
        const auto& function = allHostFunctions()[static_cast<size_t>(row)];
        CHECK(arguments.size() == function.type.params.size());
        engine::Import import{std::string(function.module), std::string(function.name),
                              engine::ExternKind::Func, 0, 0};
        const auto found = host->resolver(store)(import, *store.instance(m_instance).module);
        CHECK(found.ok());
        arguments.resize(std::max<size_t>(arguments.size(), 1));
        // As the machine does it.
        const auto& callee = store.function(engine::FuncAddr(found.value().address));
        const auto& [direct, self] = callee.direct;
        wasDirect = direct && (direct(self, *machine, arguments.data()) ||
                               (asksTwice && direct(self, *machine, arguments.data())));
        engine::HostOutcome result;
        if (!wasDirect) {
            engine::HostCall call{*machine, m_instance, arguments};
            result = callee.host(call);
        }
        if (error) *error = static_cast<Errno>(arguments[0]);
        return result;
    }
    /// The errno of a call that returns.
    template <class... A>
    Errno call(const std::string& name, A... arguments) {
        Errno error{};
        const auto result = outcome(name, {static_cast<uint64_t>(arguments)...}, &error);
        EXPECT_EQ(result.kind, engine::HostOutcome::Kind::Return) << name;
        return error;
    }

    static constexpr Rights kAll = static_cast<Rights>(Abi<Rights>::kAll);
    static constexpr Rights kReadOnly =
        Rights::FdRead | Rights::FdSeek | Rights::FdTell | Rights::FdFilestatGet | Rights::FdReaddir;
    static constexpr Rights kReadWrite = kReadOnly | Rights::FdWrite;

    Errno open(uint32_t fd, std::string_view path, Oflags oflags, Rights rights, uint32_t* opened = nullptr,
               Lookupflags lookup = Lookupflags::SymlinkFollow, Rights inheriting = Rights::None,
               Fdflags flags = Fdflags::None) {
        const uint32_t result = room(4);
        const Errno error = call("path_open", fd, static_cast<uint64_t>(lookup), put(path), path.size(),
                                 static_cast<uint64_t>(oflags), static_cast<uint64_t>(rights),
                                 static_cast<uint64_t>(inheriting), static_cast<uint64_t>(flags), result);
        if (opened) *opened = error == Errno::Success ? get<Fd>(result).value : ~0u;
        return error;
    }
    /// A call whose last arguments are a path: fd, path.
    Errno onPath(const std::string& name, uint32_t fd, std::string_view path) {
        return call(name, fd, put(path), path.size());
    }
    Errno stat(uint32_t fd, std::string_view path, Lookupflags lookup = Lookupflags::SymlinkFollow,
               Filestat* stat = nullptr) {
        const uint32_t result = room(64);
        const Errno error =
            call("path_filestat_get", fd, static_cast<uint64_t>(lookup), put(path), path.size(), result);
        if (stat) *stat = get<Filestat>(result);
        return error;
    }
    Errno write(uint32_t fd, std::string_view text) {
        return call("fd_write", fd, put(Ciovec{put(text), static_cast<uint32_t>(text.size())}), 1, room(4));
    }
    std::string read(uint32_t fd, uint32_t most) {
        const uint32_t buffer = room(most), result = room(4);
        EXPECT_EQ(call("fd_read", fd, put(Iovec{buffer, most}), 1, result), Errno::Success);
        return text(buffer, get<Size>(result));
    }
    bool wasDirect = false;  // the last call went the short way
    bool asksTwice =
        false;  // for the short way, as machine code does at a call that is made for the first time
    SyscallRecord last() {
        auto records = host->log().slice(host->log().count() - 1, 1);
        CHECK(records.size() == 1);
        return records[0];
    }

    engine::Store store;
    std::unique_ptr<WasiHost> host;
    std::unique_ptr<engine::Machine> machine;

private:
    engine::InstanceId m_instance;
    uint32_t m_next = 64;
};

}  // namespace wasi
