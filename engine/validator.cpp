// validateModule (standard, section 3.5): what no single function body tells, then all bodies, on two threads if that pays.
#include <algorithm>
#include <atomic>
#include <mutex>
#include <system_error>
#include <thread>
#include <unordered_set>

#include "engine/binary_reader.h"
#include "engine/function_walker.h"
#include "engine/limits.h"
#include "engine/subtyping.h"
#include "engine/type_registry.h"

namespace engine {

namespace {

constexpr uint32_t kParallelFrom =
    1u << 20;                    // bytes of code below which a second thread costs more than it gives
constexpr uint32_t kBatch = 64;  // functions that a thread takes at once
constexpr unsigned kThreads = 2;

class Validator {
public:
    explicit Validator(const Module& module) : m_module(module), m_walker(module) {}

    Result<> run() {
        using Check = Result<> (Validator::*)();
        // In the order of the file, so that the first error is the one with the lowest offset.
        for (const Check check : {&Validator::types, &Validator::tags, &Validator::tables,
                                  &Validator::globals, &Validator::exports, &Validator::start,
                                  &Validator::elements, &Validator::code, &Validator::data})
            if (auto result = (this->*check)(); !result) return result;
        return {};
    }

private:
    Error invalid(std::string message, uint8_t section, std::optional<uint32_t> offset = {}) const {
        Error error{ErrorCode::Invalid, std::move(message), {}};
        error.where.file = m_module.fileName;
        for (const Section& s : m_module.sections) {
            if (s.id != section || section == 0) continue;
            error.where.section = s.name;
            error.where.offset = s.payload.begin;
        }
        if (offset) error.where.offset = *offset;
        return error;
    }

    Result<> constant(const ConstExpr& expression, ValType expected, size_t visibleGlobals,
                      std::string_view section) {
        auto result = m_walker.walkConst(expression, expected, static_cast<uint32_t>(visibleGlobals));
        if (!result) result.error().where.section = section;
        return result;
    }

    Result<> types() {
        for (uint32_t i = 0; i < m_module.types.size(); ++i) {
            const DefinedType& type = m_module.types[i];
            if (!type.super) continue;
            const DefinedType& super = m_module.types[type.super->value];
            if (super.isFinal)
                return invalid("sub type " + std::to_string(i) + " has final super type " +
                                   std::to_string(type.super->value),
                               1);
            if (!matches(type, super))
                return invalid("sub type " + std::to_string(i) + " does not match super type " +
                                   std::to_string(type.super->value),
                               1);
        }
        return {};
    }

    bool matches(const DefinedType& sub, const DefinedType& super) const {
        if (sub.kind != super.kind) return false;
        switch (sub.kind) {
        case CompositeKind::Func:
            return matches(super.func.params, sub.func.params) &&
                   matches(sub.func.results, super.func.results);
        case CompositeKind::Struct:
            if (sub.structure.fields.size() < super.structure.fields.size()) return false;
            for (size_t i = 0; i < super.structure.fields.size(); ++i)
                if (!matches(sub.structure.fields[i], super.structure.fields[i])) return false;
            return true;
        case CompositeKind::Array: return matches(sub.array.element, super.array.element);
        }
        return false;
    }
    bool matches(const std::vector<ValType>& sub, const std::vector<ValType>& super) const {
        return std::equal(sub.begin(), sub.end(), super.begin(), super.end(),
                          [&](ValType a, ValType b) { return isSubtype(m_module, a, b); });
    }
    bool matches(const FieldType& sub, const FieldType& super) const {
        if (sub.packed != super.packed || sub.isMutable != super.isMutable ||
            !isSubtype(m_module, sub.type, super.type))
            return false;
        return !sub.isMutable || isSubtype(m_module, super.type, sub.type);
    }

    Result<> tags() {
        for (uint32_t i = 0; i < m_module.tags.size(); ++i) {
            if (m_module.types[m_module.tags[i].type.type.value].func.results.empty()) continue;
            const auto import = m_module.tags[i].import;
            const std::string message = "non-empty tag result type: tag " + std::to_string(i);
            return import ? invalid(message, 2, m_module.imports[*import].offset) : invalid(message, 13);
        }
        return {};
    }

    Result<> tables() {
        for (uint32_t i = 0; i < m_module.tables.size(); ++i) {
            const Table& table = m_module.tables[i];
            if (table.init) {
                if (auto result =
                        constant(*table.init, table.type.element, m_module.importedGlobals, "table");
                    !result)
                    return result;
            } else if (!table.import && !isDefaultable(table.type.element)) {
                return invalid("type mismatch: table " + std::to_string(i) + " of " +
                                   toText(table.type.element) + " needs an initial value",
                               4);
            }
        }
        return {};
    }

    Result<> globals() {
        for (size_t i = m_module.importedGlobals; i < m_module.globals.size(); ++i)
            if (auto result = constant(m_module.globals[i].init, m_module.globals[i].type.type, i, "global");
                !result)
                return result;
        return {};
    }

    size_t count(ExternKind kind) const {
        switch (kind) {
        case ExternKind::Func: return m_module.functions.size();
        case ExternKind::Table: return m_module.tables.size();
        case ExternKind::Memory: return m_module.memories.size();
        case ExternKind::Global: return m_module.globals.size();
        case ExternKind::Tag: return m_module.tags.size();
        }
        return 0;
    }

    Result<> exports() {
        std::unordered_set<std::string_view> names;
        names.reserve(m_module.exports.size());
        for (const Export& e : m_module.exports) {
            if (e.index >= count(e.kind))
                return invalid("unknown " +
                                   std::string(e.kind == ExternKind::Func ? "function" : toText(e.kind)) +
                                   " " + std::to_string(e.index),
                               7, e.offset);
            if (!names.insert(e.name).second)
                return invalid("duplicate export name \"" + e.name + "\"", 7, e.offset);
        }
        return {};
    }

    Result<> start() {
        if (!m_module.start) return {};
        if (m_module.start->value >= m_module.functions.size())
            return invalid("unknown function " + std::to_string(m_module.start->value), 8);
        if (m_module.typeOf(*m_module.start) != FuncType{})
            return invalid("start function: function " + std::to_string(m_module.start->value) +
                               " must have no parameters and results",
                           8);
        return {};
    }

    Result<> elements() {
        for (const ElementSegment& segment : m_module.elements) {
            if (segment.mode == SegmentMode::Active) {
                if (segment.table.value >= m_module.tables.size())
                    return invalid("unknown table " + std::to_string(segment.table.value), 9,
                                   segment.offset.bytes.begin);
                const TableType& table = m_module.tables[segment.table.value].type;
                if (!isSubtype(m_module, segment.type, table.element))
                    return invalid("type mismatch: elements of type " + toText(segment.type) +
                                       " for a table of " + toText(table.element),
                                   9, segment.offset.bytes.begin);
                if (auto result = constant(segment.offset, table.limits.is64 ? kI64 : kI32,
                                           m_module.globals.size(), "element");
                    !result)
                    return result;
            }
            for (const FuncIdx function : segment.functions)
                if (function.value >= m_module.functions.size())
                    return invalid("unknown function " + std::to_string(function.value), 9);
            for (const ConstExpr& expression : segment.expressions)
                if (auto result = constant(expression, segment.type, m_module.globals.size(), "element");
                    !result)
                    return result;
        }
        return {};
    }

    Result<> data() {
        for (const DataSegment& segment : m_module.data) {
            if (segment.mode != SegmentMode::Active) continue;
            if (segment.memory.value >= m_module.memories.size())
                return invalid("unknown memory " + std::to_string(segment.memory.value), 11,
                               segment.offset.bytes.begin);
            const bool is64 = m_module.memories[segment.memory.value].type.limits.is64;
            if (auto result = constant(segment.offset, is64 ? kI64 : kI32, m_module.globals.size(), "data");
                !result)
                return result;
        }
        return {};
    }

    /// All bodies, in batches that are handed out in order. A failure stops the batches behind it; those before it are finished, so that
    /// the error kept is that of the first bad function.
    Result<> code() {
        const auto count = static_cast<uint32_t>(m_module.functions.size());
        std::atomic<uint32_t> next{m_module.importedFunctions}, firstBad{~0u};
        std::mutex mutex;
        std::optional<Error> error;
        const auto work = [&](FunctionWalker& walker) {
            while (true) {
                const uint32_t begin = next.fetch_add(kBatch);
                for (uint32_t i = begin; i < std::min(count, begin + kBatch); ++i) {
                    if (i > firstBad.load(std::memory_order_relaxed)) return;
                    auto result = walker.walk(FuncIdx(i));
                    if (result) continue;
                    const std::lock_guard lock(mutex);
                    if (i < firstBad) {
                        firstBad = i;
                        error = std::move(result.error());
                    }
                    return;
                }
                if (begin >= count) return;
            }
        };
        std::vector<std::thread> helpers;
        if (m_module.codeSection.size() >= kParallelFrom && std::thread::hardware_concurrency() > 1) {
            const auto help = [&] {
                FunctionWalker walker(m_module);
                work(walker);
            };
            try {
                for (unsigned i = 1; i < kThreads; ++i)
                    helpers.emplace_back(help);
            } catch (const std::system_error&) {
                // No thread to be had (a confined process): this one does it all.
            }
        }
        work(m_walker);
        for (std::thread& helper : helpers)
            helper.join();
        if (error) return std::move(*error);
        return {};
    }

    const Module& m_module;
    FunctionWalker m_walker;
};

}  // namespace

Result<> validateModule(const Module& module) { return Validator(module).run(); }

}  // namespace engine
