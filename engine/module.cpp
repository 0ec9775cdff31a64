#include "engine/module.h"

#include <algorithm>

#include "engine/module_lazy.h"

namespace engine {

const Section* Module::custom(std::string_view name) const {
    const auto at = std::find_if(sections.rbegin(), sections.rend(),
                                 [&](const Section& s) { return s.id == 0 && s.name == name; });
    return at == sections.rend() ? nullptr : &*at;
}

std::optional<FuncIdx> Module::functionAt(uint32_t offset) const {
    const auto first = functions.begin() + importedFunctions;
    auto at = std::upper_bound(first, functions.end(), offset,
                               [](uint32_t o, const Function& f) { return o < f.body.begin; });
    if (at == first || !(--at)->body.contains(offset)) return {};
    return FuncIdx(static_cast<uint32_t>(at - functions.begin()));
}

const Names& Module::names() const {
    CHECK(lazy);
    std::call_once(lazy->namesOnce, [&] { lazy->names = parseNames(*this); });
    return lazy->names;
}

std::string Module::functionName(FuncIdx function) const {
    const auto& named = names().functions;
    if (const auto at = named.find(function.value); at != named.end()) return at->second;
    std::call_once(lazy->linkNamesOnce, [&] {
        for (const Export& e : exports)
            if (e.kind == ExternKind::Func) lazy->linkNames.try_emplace(e.index, e.name);
        for (const Import& i : imports)
            if (i.kind == ExternKind::Func) lazy->linkNames.try_emplace(i.index, i.name);
    });
    if (const auto at = lazy->linkNames.find(function.value); at != lazy->linkNames.end()) return at->second;
    return "func[" + std::to_string(function.value) + "]";
}

}  // namespace engine
