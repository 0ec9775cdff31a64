// The rows against the standard's own text.

#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <map>
#include <set>
#include <sstream>

#include "wasi/abi.h"
#include "wasi/host_function.h"

namespace wasi {
namespace {

/// A witx file is S-expressions; an atom is a node without children.
struct Node {
    std::string atom;
    std::vector<Node> children;
    bool is(std::string_view head) const { return !children.empty() && children[0].atom == head; }
};

Node parse(const std::string& text, size_t& at) {
    Node node;
    while (at < text.size()) {
        const char c = text[at];
        if (c == ';') {
            at = std::min(text.find('\n', at), text.size());
        } else if (c == '(') {
            at++;
            node.children.push_back(parse(text, at));
        } else if (c == ')') {
            at++;
            return node;
        } else if (isspace(static_cast<unsigned char>(c))) {
            at++;
        } else {
            const size_t end = c == '"' ? text.find('"', at + 1) + 1 : text.find_first_of(" \t\n()", at);
            node.children.push_back({text.substr(at, end - at), {}});
            at = end;
        }
    }
    return node;
}

std::string withoutSign(std::string name) {
    if (name.starts_with('$')) return name.substr(1);
    if (name.starts_with('"')) return name.substr(1, name.size() - 2);
    return name;
}

std::string typeName(const Node& node) {
    if (!node.atom.empty()) return withoutSign(node.atom);
    return node.is("@witx") ? "pointer" : "?";
}

struct Declared {
    std::vector<std::string> parameters;  // "name: type"
    std::vector<std::string> results;     // types
    bool returnsErrno = false;
};

class Witx : public testing::TestWithParam<std::pair<const char*, const char*>> {
protected:
    void SetUp() override {
        const char* set = std::getenv("WASISCOPE_SUITES");
        const std::string suites = set ? set : WASISCOPE_SOURCE_DIR "/../shared/suites";
        m_folder = suites + "/interfaces/wasi-p1/" + GetParam().second + "/witx/";
        if (!std::filesystem::exists(m_folder)) GTEST_SKIP() << "conformance suites not found at " << suites;
    }
    Node read(const std::string& name) const {
        std::ostringstream text;
        text << std::ifstream(m_folder + name).rdbuf();
        size_t at = 0;
        return parse(text.str(), at);
    }
    std::map<std::string, Declared> functions() const {
        std::map<std::string, Declared> all;
        const Node file = read(std::string(GetParam().first) + ".witx");
        for (const auto& part : file.children) {
            if (!part.is("module")) continue;
            for (const auto& item : part.children)
                if (item.is("@interface")) all.insert(function(item));
        }
        return all;
    }

private:
    static std::pair<std::string, Declared> function(const Node& item) {
        Declared d;
        std::string name;
        for (const auto& part : item.children) {
            if (part.is("export")) name = withoutSign(part.children[1].atom);
            if (part.is("param"))
                d.parameters.push_back(withoutSign(part.children[1].atom) + ": " +
                                       typeName(part.children[2]));
            if (!part.is("result")) continue;
            d.returnsErrno = true;
            for (const auto& shape : part.children[2].children) {
                if (shape.is("error") || shape.atom == "expected") continue;
                if (!shape.is("tuple"))
                    d.results.push_back(typeName(shape));
                else
                    for (size_t i = 1; i < shape.children.size(); i++)
                        d.results.push_back(typeName(shape.children[i]));
            }
        }
        return {name, d};
    }
    std::string m_folder;
};

TEST_P(Witx, EveryFunctionHasARowOfTheSameShape) {
    const auto declared = functions();
    ASSERT_GE(declared.size(), 45u);
    size_t rows = 0;
    for (const auto& row : allHostFunctions())
        rows += row.module == GetParam().first;
    EXPECT_EQ(rows, declared.size());
    for (const auto& [name, d] : declared) {
        const int index = findHostFunction(std::string(GetParam().first) + "." + name);
        ASSERT_GE(index, 0) << name;
        const auto& row = allHostFunctions()[static_cast<size_t>(index)];
        std::vector<std::string> parameters, results;
        for (const auto& p : row.parameters)
            parameters.push_back(std::string(p.name) + ": " + std::string(p.type));
        for (const auto& r : row.results)
            results.emplace_back(r.type);
        EXPECT_EQ(parameters, d.parameters) << name;
        EXPECT_EQ(results, d.results) << name;
        EXPECT_EQ(row.returnsErrno, d.returnsErrno) << name;
    }
}

template <class T>
std::pair<std::string, std::vector<std::string>> casesOf() {
    std::vector<std::string> names;
    for (const auto name : Abi<T>::kNames)
        names.emplace_back(name);
    return {std::string(Abi<T>::kName), names};
}

TEST_P(Witx, EnumerationsAndFlagsHaveTheStandardsNames) {
    const bool isOld = GetParam().first == std::string("wasi_unstable");
    std::map<std::string, std::vector<std::string>> ours{
        casesOf<Errno>(),
        casesOf<Clockid>(),
        casesOf<Filetype>(),
        casesOf<Advice>(),
        casesOf<Fdflags>(),
        casesOf<Fstflags>(),
        casesOf<Lookupflags>(),
        casesOf<Oflags>(),
        casesOf<Eventtype>(),
        casesOf<Eventrwflags>(),
        casesOf<Subclockflags>(),
        casesOf<Signal>(),
        casesOf<Riflags>(),
        casesOf<Roflags>(),
        casesOf<Sdflags>(),
        casesOf<Preopentype>(),
        isOld ? casesOf<unstable::Whence>() : casesOf<Whence>()};
    if (!isOld) ours.insert(casesOf<Rights>());  // sock_accept came later
    const Node file = read("typenames.witx");
    for (const auto& type : file.children) {
        if (!type.is("typename")) continue;
        const auto found = ours.find(withoutSign(type.children[1].atom));
        if (found == ours.end()) continue;
        std::vector<std::string> names;
        for (const auto& part : type.children[2].children)
            if (part.atom.starts_with('$')) names.push_back(withoutSign(part.atom));
        EXPECT_EQ(found->second, names) << found->first;
        ours.erase(found);
    }
    EXPECT_TRUE(ours.empty()) << ours.begin()->first << " is not in the standard";
}

INSTANTIATE_TEST_SUITE_P(Versions, Witx,
                         testing::Values(std::pair("wasi_snapshot_preview1", "preview1"),
                                         std::pair("wasi_unstable", "preview0")),
                         [](const auto& info) { return std::string(info.param.first); });

TEST(HostFunctions, AreFoundByNameWithTheNewestVersionFirst) {
    const int plain = findHostFunction("fd_write");
    ASSERT_GE(plain, 0);
    EXPECT_EQ(allHostFunctions()[static_cast<size_t>(plain)].module, "wasi_snapshot_preview1");
    EXPECT_EQ(findHostFunction("wasi_snapshot_preview1.fd_write"), plain);
    EXPECT_NE(findHostFunction("wasi_unstable.fd_write"), plain);
    EXPECT_EQ(findHostFunction("wasi_unstable.sock_accept"), -1);
    EXPECT_EQ(findHostFunction("nothing"), -1);
}

TEST(HostFunctions, HaveCoreTypesFromTheirSignatures) {
    const auto type = [](const char* name) {
        return engine::toText(allHostFunctions()[static_cast<size_t>(findHostFunction(name))].type);
    };
    EXPECT_EQ(type("path_open"), "(param i32 i32 i32 i32 i32 i64 i64 i32 i32) (result i32)");
    EXPECT_EQ(type("fd_seek"), "(param i32 i64 i32 i32) (result i32)");
    EXPECT_EQ(type("clock_time_get"), "(param i32 i64 i32) (result i32)");
    EXPECT_EQ(type("proc_exit"), "(param i32)");
    EXPECT_EQ(type("sched_yield"), "(result i32)");
    EXPECT_EQ(type("sock_recv"), "(param i32 i32 i32 i32 i32 i32) (result i32)");
}

TEST(HostFunctions, AreAllDescribed) {
    std::set<std::string_view> summaries;
    for (const auto& row : allHostFunctions()) {
        EXPECT_FALSE(row.summary.empty()) << row.name;
        EXPECT_TRUE(row.summary.ends_with('.')) << row.name;
        if (row.module != "wasi_snapshot_preview1") continue;
        EXPECT_TRUE(summaries.insert(row.summary).second) << row.name;
    }
}

TEST(HostFunctions, NameEveryErrno) {
    EXPECT_EQ(errnoName(0), "ESUCCESS");
    EXPECT_EQ(errnoName(8), "EBADF");
    EXPECT_EQ(errnoText(8), "bad file descriptor");
    EXPECT_EQ(errnoName(123), "E?123");
    for (uint16_t e = 0; e < Abi<Errno>::kNames.size(); e++) {
        std::string expected = "E";
        for (const char c : Abi<Errno>::kNames[e])
            expected += static_cast<char>(toupper(c));
        EXPECT_EQ(errnoName(e), expected);
        EXPECT_FALSE(errnoText(e).empty());
    }
}

}  // namespace
}  // namespace wasi
