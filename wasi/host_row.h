// hostRow<&Class::method>(…): makes a HostRow from a typed method. The method's C++ signature is the ABI: a parameter by value or
// const reference is a parameter of the call; a non-const reference is a result, which the guest takes through a pointer.
#pragma once

#include <array>
#include <tuple>
#include <utility>

#include "engine/base/printable.h"
#include "wasi/abi.h"
#include "wasi/call_context.h"

namespace wasi {

struct HostRow {
    HostFunction function;
    engine::HostOutcome (*call)(FrontEnd&, CallContext&);
    /// Makes the call without waiting and without the gate. False: it would wait, and nothing was done. Null: it cannot be made so.
    bool (*direct)(FrontEnd&, CallContext&, engine::Slot* slots);
    void (*show)(const ShowContext&, const HostFunction&, ShownCall&);
    /// What show() has as texts: arguments as "a, b", and results as " x=1 y=2".
    void (*write)(const ShowContext&, const HostFunction&, std::string& arguments, std::string& results);
};
/// Row of allHostFunctions()[index].
const HostRow& hostRow(uint16_t index);

namespace row {

template <class P>
using Held = std::remove_cvref_t<P>;
template <class P>
inline constexpr bool kIsResult =
    std::is_lvalue_reference_v<P> && !std::is_const_v<std::remove_reference_t<P>>;

template <class T>
constexpr HostParameter::Shape shapeOf() {
    using enum HostParameter::Shape;
    if constexpr (std::is_same_v<T, std::string>)
        return Text;
    else if constexpr (std::is_same_v<T, List<Ciovec>>)
        return Source;
    else if constexpr (std::is_same_v<T, List<Iovec>>)
        return Target;
    else if constexpr (std::is_same_v<T, wasi::Pointer<uint8_t>>)
        return Bytes;
    else if constexpr (requires { typename T::Pointee; })
        return HostParameter::Shape::Pointer;
    else
        return Value;
}

template <class P>
constexpr size_t slotsOf() {
    if constexpr (kIsResult<P>)
        return 1;
    else
        return Abi<Held<P>>::kSlots;
}

template <class P>
Errno lift(CallContext& call, const engine::Slot* slots, Held<P>& value) {
    if constexpr (kIsResult<P>)
        return call.memory.contains(static_cast<uint32_t>(*slots), Abi<Held<P>>::size()) ? Errno::Success
                                                                                         : Errno::Fault;
    else
        return Abi<Held<P>>::lift(call.memory, slots, value);
}

template <class P>
[[gnu::always_inline]] inline void lower(CallContext& call, engine::Slot slot, const Held<P>& value) {
    if constexpr (kIsResult<P>) {
        const auto address = static_cast<uint32_t>(slot);
        Abi<Held<P>>::store(call.memory.writable(address, Abi<Held<P>>::size()), value);
        call.memory.wrote(address, Abi<Held<P>>::size());
    }
}

template <class T>
ShownValue showParameter(const ShowContext& context, const engine::Slot* slots) {
    if constexpr (requires { Abi<T>::showSlots(context, slots); }) {
        return Abi<T>::showSlots(context, slots);
    } else {
        T value{};
        GuestMemory none;
        (void)Abi<T>::lift(none, slots, value);
        return Abi<T>::show(context, value);
    }
}

template <class T>
void writeParameter(std::string& to, const ShowContext& context, const engine::Slot* slots) {
    if constexpr (requires { Abi<T>::writeSlots(to, context, slots); }) {
        Abi<T>::writeSlots(to, context, slots);
    } else {
        T value{};
        GuestMemory none;
        (void)Abi<T>::lift(none, slots, value);
        Abi<T>::write(to, context, value);
    }
}

/// A result as the call left it in memory; false: it was not kept, or is none.
template <class T>
bool loadResult(const ShowContext& context, engine::Slot slot, T& value) {
    const auto found = context.bytesAt(static_cast<uint32_t>(slot), Abi<T>::size(), true);
    return found && found->bytes.size() >= Abi<T>::size() && Abi<T>::load(found->bytes.data(), value);
}
inline bool hasResults(const SyscallRecord& record) {
    return record.errno_ == 0 && record.outcome == Outcome::Returned;
}

/// " (path)": what stands behind a descriptor, taken from those of the call that are left.
template <class T>
void writeSubject(std::string& to, std::string_view& subjects) {
    if (!std::is_same_v<T, Fd> || subjects.empty()) return;
    const std::string_view subject = subjects.substr(0, subjects.find('\0'));
    to += " (" + engine::printable(subject) + ")";
    subjects.remove_prefix(std::min(subjects.size(), subject.size() + 1));
}

template <class P>
void write(const ShowContext& context, const engine::Slot* slots, std::string_view name,
           std::string_view& subjects, std::string& arguments, std::string& results) {
    if constexpr (kIsResult<P>) {
        if (!hasResults(context.record)) return;
        results += ' ';
        results += name;
        results += '=';
        Held<P> value{};
        if (loadResult(context, *slots, value))
            Abi<Held<P>>::write(results, context, value);
        else
            results += '?';
    } else {
        if (!arguments.empty()) arguments += ", ";
        writeParameter<Held<P>>(arguments, context, slots);
        writeSubject<Held<P>>(arguments, subjects);
    }
}

template <class P>
void show(const ShowContext& context, const engine::Slot* slots, std::string_view name,
          std::string_view& subjects, ShownCall& call) {
    if constexpr (kIsResult<P>) {
        if (!hasResults(context.record)) return;
        Held<P> value{};
        ShownValue shown;
        if (loadResult(context, *slots, value))
            shown = Abi<Held<P>>::show(context, value);
        else
            shown = {{}, std::string(Abi<Held<P>>::kName), "?", {}};
        shown.name = name;
        shown.address = static_cast<uint32_t>(*slots);
        shown.size = Abi<Held<P>>::size();
        call.results.push_back(std::move(shown));
    } else {
        auto shown = showParameter<Held<P>>(context, slots);
        shown.name = name;
        writeSubject<Held<P>>(shown.text, subjects);
        call.arguments.push_back(std::move(shown));
    }
}

template <auto M>
struct Method;

template <class C, class R, class... P, R (C::*M)(P...)>
struct Method<M> {
    static constexpr std::array<size_t, sizeof...(P) + 1> offsets() {
        std::array<size_t, sizeof...(P) + 1> at{};
        size_t i = 0;
        ((at[i + 1] = at[i] + slotsOf<P>(), i++), ...);
        return at;
    }
    static constexpr auto kAt = offsets();

    static constexpr bool kIsDirect = std::is_same_v<R, Errno> || std::is_same_v<R, FreshAnswer>;

    static engine::HostOutcome call(FrontEnd& front, CallContext& context) {
        return callWith(front, context, std::index_sequence_for<P...>{});
    }
    static bool direct(FrontEnd& front, CallContext& context, engine::Slot* slots) {
        if constexpr (kIsDirect)
            return directWith(front, context, slots, std::index_sequence_for<P...>{});
        else
            return false;
    }
    template <size_t... I>
    static bool directWith(FrontEnd& front, CallContext& context, engine::Slot* slots,
                           std::index_sequence<I...>) {
        [[maybe_unused]] std::tuple<Held<P>...> values;
        Errno error = Errno::Success;
        (void)((error = lift<P>(context, slots + kAt[I], std::get<I>(values)), error == Errno::Success) &&
               ...);
        if (error == Errno::Success) {
            auto answer = (static_cast<C&>(front).*M)(std::get<I>(values)...);
            if constexpr (std::is_same_v<R, Errno>) {
                error = answer;
            } else {
                if (!answer.ended()) return false;
                error = answer.error();
            }
            if (error == Errno::Success) (lower<P>(context, slots[kAt[I]], std::get<I>(values)), ...);
        }
        slots[0] = static_cast<uint32_t>(error);
        return true;
    }
    template <size_t... I>
    static engine::HostOutcome callWith(FrontEnd& front, CallContext& context, std::index_sequence<I...>) {
        [[maybe_unused]] std::tuple<Held<P>...> values;
        const engine::Slot* slots = context.slots.data();
        Errno error = Errno::Success;
        (void)((error = lift<P>(context, slots + kAt[I], std::get<I>(values)), error == Errno::Success) &&
               ...);
        auto& self = static_cast<C&>(front);
        if constexpr (std::is_same_v<R, NoReturn>) {
            return (self.*M)(std::get<I>(values)...).outcome;
        } else {
            if (error == Errno::Success) {
                Answer answer = (self.*M)(std::get<I>(values)...);
                if (!answer.ended()) return answer.takeOutcome();
                error = answer.error();
                if (error == Errno::Success) (lower<P>(context, slots[kAt[I]], std::get<I>(values)), ...);
            }
            context.error = error;
            context.slots[0] = static_cast<uint32_t>(error);
            return engine::HostOutcome::done();
        }
    }

    static void show(const ShowContext& context, const HostFunction& function, ShownCall& call) {
        showWith(context, function, call, std::index_sequence_for<P...>{});
    }
    template <size_t... I>
    static void showWith(const ShowContext& context, const HostFunction& function, ShownCall& call,
                         std::index_sequence<I...>) {
        [[maybe_unused]] const engine::Slot* slots = context.record.arguments.data();
        [[maybe_unused]] size_t parameter = 0, result = 0;
        [[maybe_unused]] std::string_view subjects = context.record.subject;  // one for each descriptor
        (row::show<P>(context, slots + kAt[I],
                      kIsResult<P> ? function.results[result++].name : function.parameters[parameter++].name,
                      subjects, call),
         ...);
    }

    static void write(const ShowContext& context, const HostFunction& function, std::string& arguments,
                      std::string& results) {
        writeWith(context, function, arguments, results, std::index_sequence_for<P...>{});
    }
    template <size_t... I>
    static void writeWith(const ShowContext& context, const HostFunction& function, std::string& arguments,
                          std::string& results, std::index_sequence<I...>) {
        [[maybe_unused]] const engine::Slot* slots = context.record.arguments.data();
        [[maybe_unused]] size_t result = 0;
        [[maybe_unused]] std::string_view subjects = context.record.subject;
        (row::write<P>(context, slots + kAt[I], kIsResult<P> ? function.results[result++].name : "", subjects,
                       arguments, results),
         ...);
    }

    static void describe(HostFunction& function, std::span<const std::string_view> names) {
        CHECK(names.size() == sizeof...(P));
        [[maybe_unused]] size_t i = 0;
        ((describeOne<P>(function, names[i], kAt[i]), i++), ...);
        function.returnsErrno = !std::is_same_v<R, NoReturn>;
        if (function.returnsErrno) function.type.results = {engine::kI32};
    }
    template <class Q>
    static void describeOne(HostFunction& function, std::string_view name, size_t slot) {
        HostParameter made{name, Abi<Held<Q>>::kName, shapeOf<Held<Q>>(), static_cast<uint8_t>(slot), 0, {}};
        abi::describe<Held<Q>>(made.fields);
        if constexpr (kIsResult<Q>) made.size = static_cast<uint32_t>(Abi<Held<Q>>::size());
        (kIsResult<Q> ? function.results : function.parameters).push_back(std::move(made));
        if constexpr (kIsResult<Q>)
            function.type.params.push_back(engine::kI32);
        else
            function.type.params.insert(function.type.params.end(), Abi<Held<Q>>::kSlots,
                                        Abi<Held<Q>>::kCore);
    }
};

}  // namespace row

/// `names`: of all parameters of the method in order, results included, as the standard names them.
template <auto M>
HostRow hostRow(std::string_view module, std::string_view name, Family family,
                std::vector<std::string_view> names, std::string_view summary) {
    HostRow made{{module, name, family, summary, {}, {}, {}, true},
                 row::Method<M>::call,
                 row::Method<M>::kIsDirect ? row::Method<M>::direct : nullptr,
                 row::Method<M>::show,
                 row::Method<M>::write};
    row::Method<M>::describe(made.function, names);
    return made;
}

}  // namespace wasi
