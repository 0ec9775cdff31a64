#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <gtest/gtest.h>

#include <fstream>

#include "engine/disassembly.h"
#include "engine/function_walker.h"
#include "engine/module.h"
#include "engine/type_registry.h"
#include "tests/engine/binary_builder.h"

namespace engine {
namespace {

using namespace test;

Bytes text(std::string_view t) { return {t.begin(), t.end()}; }

/// One of everything: imports of each kind, segments of each mode, names.
Bytes everything() {
    return module({
        section(0, name("before") + Bytes{1, 2, 3}),
        section(1, vec({{0x60, 1, 0x7f, 1, 0x7f}, kVoid, {0x5f, 2, 0x7f, 1, 0x78, 0}, {0x5e, 0x77, 1}})),
        section(2, vec({name("env") + name("f") + Bytes{0, 0}, name("env") + name("g") + Bytes{3, 0x7e, 0}})),
        section(3, {2, 0, 1}),
        section(4, vec({{0x70, 1, 2, 10}})),
        section(5, vec({{1, 1, 2}})),
        section(13, vec({{0, 1}})),
        section(6, vec({{0x7f, 1, 0x41, 42, 0x0b}, {0x70, 0, 0xd2, 1, 0x0b}})),
        section(7, vec({name("run") + Bytes{0, 1}, name("memory") + Bytes{2, 0}})),
        section(8, {2}),
        section(9, vec({{0, 0x41, 0, 0x0b, 1, 1}, {1, 0, 1, 2}, {7, 0x70, 1, 0xd0, 0x70, 0x0b}})),
        section(12, {2}),
        section(10, vec({sized({1, 2, 0x7e, 0x20, 0, 0x0b}), sized({0, 0x02, 0x40, 0x0b, 0x0b})})),
        section(11, vec({Bytes{0, 0x41, 8, 0x0b} + name("hello"), Bytes{1} + name("passive")})),
        section(0, name("name") + Bytes{0} + sized(name("everything")) + Bytes{1} +
                       sized(vec({Bytes{1} + name("run me")})) + Bytes{2} +
                       sized(vec({Bytes{1} + vec({Bytes{0} + name("n")})}))),
    });
}

TEST(Decoder, ReadsOneOfEverything) {
    const auto decoded = decode(everything());
    ASSERT_TRUE(decoded.ok()) << decoded.error().text();
    const Module& m = **decoded;
    EXPECT_TRUE(validateModule(m).ok()) << validateModule(m).error().text();
    EXPECT_EQ(m.types.size(), 4u);
    EXPECT_EQ(m.types[2].structure.fields[1].packed, PackedKind::I8);
    EXPECT_EQ(m.functions.size(), 3u);
    EXPECT_EQ(m.importedFunctions, 1u);
    EXPECT_EQ(m.globals.size(), 3u);
    EXPECT_EQ(m.imports[1].kind, ExternKind::Global);
    EXPECT_EQ(m.elements[1].mode, SegmentMode::Passive);
    EXPECT_EQ(m.elements[2].mode, SegmentMode::Declarative);
    EXPECT_EQ(m.data[0].bytes.size(), 5u);
    EXPECT_EQ(m.custom("before")->payload.size(), 3u);
    EXPECT_EQ(m.custom("nothing"), nullptr);
    const Function& run = m.functions[1];
    EXPECT_EQ(run.code.begin - run.body.begin, 3u);
    EXPECT_EQ(m.functionAt(run.code.begin), FuncIdx(1));
    EXPECT_EQ(m.functionAt(m.functions[2].body.end - 1), FuncIdx(2));
    EXPECT_FALSE(m.functionAt(run.body.begin - 1));
    EXPECT_EQ(m.names().module, "everything");
    EXPECT_EQ(m.functionName(FuncIdx(0)), "f");
    EXPECT_EQ(m.functionName(FuncIdx(1)), "run me");
    EXPECT_EQ(m.functionName(FuncIdx(2)), "func[2]");
    EXPECT_TRUE(m.declaredFunctions[1] && !m.declaredFunctions[0]);
    EXPECT_EQ(localTypes(m, FuncIdx(1)).value(), (std::vector<ValType>{kI32, kI64, kI64}));
}

TEST(Decoder, SurvivesEveryCutAndEveryFlippedByte) {
    const Bytes whole = everything();
    const auto exercise = [](const Bytes& bytes) {
        const auto decoded = decode(bytes);
        if (!decoded) {
            EXPECT_FALSE(decoded.error().message.empty());
            return;
        }
        const bool valid = validateModule(**decoded).ok();
        (*decoded)->names();
        featuresOf(**decoded);
        for (uint32_t f = 0; f < (*decoded)->functions.size(); ++f)
            disassemble(**decoded, FuncIdx(f));
        if (valid) writeWat(**decoded, true, [](std::string_view) {});
    };
    for (size_t length = 0; length < whole.size(); ++length)
        exercise({whole.begin(), whole.begin() + static_cast<ptrdiff_t>(length)});
    for (size_t at = 0; at < whole.size(); ++at) {
        for (const uint8_t mask : {0x01, 0x02, 0x04, 0x08, 0x10, 0x20, 0x40, 0x80, 0xff}) {
            Bytes bytes = whole;
            bytes[at] ^= mask;
            exercise(bytes);
        }
    }
}

TEST(Decoder, SaysWhatOtherFilesAre) {
    EXPECT_EQ(check({}), "unexpected end: the file is empty");
    EXPECT_EQ(check(text("  (module)  ")),
              "magic header not detected: text format: this is WebAssembly text; assemble it first, e.g. "
              "with wat2wasm");
    EXPECT_EQ(check(text("\x7f"
                         "ELF....")),
              "magic header not detected: this is a native program or object file (ELF); compile for "
              "wasm32-wasip1");
    EXPECT_EQ(check(text("\x1f\x8b......")),
              "magic header not detected: this file is compressed (gzip); unpack it first");
    EXPECT_EQ(check(text("int main() {}")), "magic header not detected: this is a text file");
    EXPECT_EQ(check({0, 'a', 's', 'm', 1, 0}), "unexpected end: the header has only 6 bytes");
    EXPECT_EQ(check({0, 'a', 's', 'm', 2, 0, 0, 0}), "offset 0x4: unknown binary version 0x2");
    EXPECT_EQ(check({0, 'a', 's', 'm', 0x0d, 0, 1, 0}), "this is a component (WASI 0.2), not a core module");
    EXPECT_EQ(decode({0, 'a', 's', 'm', 0x0d, 0, 1, 0}).error().code, ErrorCode::Unsupported);
    EXPECT_EQ(decode(text("#!/bin/sh")).error().code, ErrorCode::NotWasm);
}

TEST(Decoder, ChecksSections) {
    EXPECT_EQ(check(module({section(14, {})})), "offset 0x8: malformed section id 14");
    EXPECT_EQ(check(module({section(1, {0}), section(1, {0})})),
              "type section, offset 0xb: unexpected content after last section: type section twice");
    EXPECT_EQ(check(module({section(3, {0}), section(1, {0})})),
              "type section, offset 0xb: unexpected content after last section: type section out of order");
    EXPECT_EQ(check(module({{1, 5, 0}})),
              "type section, offset 0x9: length out of bounds: the type section has 5 bytes, the file 1");
    EXPECT_EQ(check(module({section(1, {0, 0})})),
              "type section, offset 0xb: section size mismatch: 1 bytes left in the type section");
    EXPECT_EQ(check(module({section(1, vec({kVoid})), section(3, {1, 0})})),
              "code section, offset 0x12: function and code section have inconsistent lengths: 1 functions, "
              "no code section");
    EXPECT_EQ(check(module({section(12, {1})})),
              "data section, offset 0xb: data count and data section have inconsistent lengths: 1 announced, "
              "0 found");
    EXPECT_EQ(check(module({section(0, {2, 0xc0, 0x80})})),
              "custom section, offset 0xb: malformed UTF-8 encoding");
}

TEST(Decoder, NamesTheLimit) {
    EXPECT_EQ(check(module({section(1, {0xff, 0xff, 0xff, 0xff, 0x0f, 0x60})})),
              "type section, offset 0xa: too many types: 4294967295, limit 1000000");
    EXPECT_EQ(check(oneFunction(kVoid, {1, 0xff, 0xff, 0xff, 0xff, 0x0f, 0x7f, 0x0b})),
              "code section, offset 0x17: too many locals: function 0 has 4294967295 locals, limit 50000");
    EXPECT_EQ(check(oneFunction(kVoid, {1, 0xd1, 0x86, 0x03, 0x7f, 0x0b})),
              "code section, offset 0x17: too many locals: function 0 has 50001 locals, limit 50000");
    EXPECT_EQ(check(oneFunction(kVoid, {1, 0xd0, 0x86, 0x03, 0x7f, 0x0b})), "ok");
    EXPECT_EQ(check(module({section(5, vec({Bytes{0} + leb(65537)}))})),
              "memory section, offset 0xb: memory size must be at most 65536 pages (4GiB)");
}

TEST(Decoder, ABrokenNameSectionIsAWarning) {
    const Bytes bad =
        section(0, name("name") + Bytes{1} +
                       sized(vec({Bytes{7} + name("nobody"), Bytes{0} + name("\xff ok")})) + Bytes{1, 99});
    const auto decoded = decode(oneFunction(kVoid, {0, 0x0b}) + bad);
    ASSERT_TRUE(decoded.ok());
    EXPECT_EQ((*decoded)->names().functions.at(0), "\xef\xbf\xbd ok");
    ASSERT_EQ((*decoded)->names().warnings.size(), 3u);
    EXPECT_EQ((*decoded)->names().warnings[0],
              "name section, offset 0x22: name of function 7, which does not exist");
    EXPECT_EQ((*decoded)->names().warnings[1], "name section, offset 0x2b: malformed UTF-8 encoding");
}

TEST(Decoder, FieldsHaveNamesByTheirType) {
    const Bytes fields =
        vec({Bytes{0} + vec({Bytes{1} + name("next")}), Bytes{9} + vec({Bytes{0} + name("lost")})});
    const auto decoded = decode(module({section(1, vec({{0x5f, 2, 0x7f, 0, 0x7f, 0}})),
                                        section(0, name("name") + Bytes{10} + sized(fields))}));
    ASSERT_TRUE(decoded.ok());
    const Names& names = (*decoded)->names();
    ASSERT_EQ(names.fields.size(), 1u);
    EXPECT_EQ(names.fields.at(0).at(1), "next");
    ASSERT_EQ(names.warnings.size(), 1u);
    EXPECT_TRUE(names.warnings[0].ends_with("names of fields of type 9, which does not exist"))
        << names.warnings[0];
}

TEST(Decoder, TagsHaveNamesByEitherNumberOfTheirSubsection) {
    for (const uint8_t id : {11, 10}) {
        const auto decoded =
            decode(module({section(1, vec({kVoid})), section(13, vec({{0, 0}})),
                           section(0, name("name") + Bytes{id} + sized(vec({Bytes{0} + name("oops")})))}));
        ASSERT_TRUE(decoded.ok());
        EXPECT_EQ((*decoded)->names().tags.at(0), "oops");
        EXPECT_TRUE((*decoded)->names().warnings.empty());
    }
}

TEST(Decoder, EqualTypesOfDifferentModulesHaveOneCanonicalId) {
    const Bytes list = {0x5f, 2, 0x7f, 0, 0x63, 0, 0};   // struct { i32, ref null self }
    const Bytes other = {0x5f, 2, 0x7f, 1, 0x63, 0, 0};  // the same but mutable
    const auto a = decode(module({section(1, vec({list, other}))}));
    const auto b = decode(module({section(1, vec({kVoid, {0x5f, 2, 0x7f, 0, 0x63, 1, 0}}))}));
    ASSERT_TRUE(a.ok() && b.ok());
    EXPECT_EQ((*a)->canonicalTypes[0], (*b)->canonicalTypes[1]);
    EXPECT_NE((*a)->canonicalTypes[0], (*a)->canonicalTypes[1]);
    EXPECT_EQ(canonicalFuncType({}), (*b)->canonicalTypes[0]);
}

TEST(ReadFile, TakesOnlyRegularFiles) {
    const std::string folder = testing::TempDir();
    const std::string pipe = folder + "wasiscope-test-pipe", file = folder + "wasiscope-test-file";
    ::unlink(pipe.c_str());
    ASSERT_EQ(::mkfifo(pipe.c_str(), 0600), 0);
    std::ofstream(file) << "abc";
    EXPECT_EQ(readFile(pipe).error().message, "is a named pipe, not a file");
    EXPECT_EQ(readFile(folder).error().message, "is a directory, not a file");
    EXPECT_EQ(readFile("/dev/zero").error().message, "is a device, not a file");
    EXPECT_EQ(readFile(file + "-missing").error().message, "cannot be opened: No such file or directory");
    EXPECT_EQ(*readFile(file).value(), text("abc"));
    ASSERT_EQ(::truncate(file.c_str(), off_t{3} << 30), 0);
    EXPECT_EQ(readFile(file).error().code, ErrorCode::Limit);
    ::unlink(pipe.c_str());
    ::unlink(file.c_str());
}

}  // namespace
}  // namespace engine
