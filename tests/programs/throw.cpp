// Throws an int through a function with a destructor, catches it, and throws one that nobody catches. Needs no library: the few
// functions that compiled code calls for exceptions (Itanium C++ ABI; the WebAssembly one of clang) stand below.
extern "C" {
struct {
    unsigned landingPad;
    void* table;
    unsigned selector;
} __wasm_lpad_context;

alignas(16) static char exceptionMemory[64];
void* __cxa_allocate_exception(unsigned long) { return exceptionMemory; }
void __cxa_throw(void* object, void*, void*) { __builtin_wasm_throw(0, object); }
void* __cxa_begin_catch(void* object) { return object; }
void __cxa_end_catch() {}
int __gxx_wasm_personality_v0(...) { return 0; }
void _Unwind_CallPersonality(void*) { __wasm_lpad_context.selector = 1; }
[[noreturn]] void _ZSt9terminatev() { __builtin_trap(); }
}
extern void* typeinfoOfInt[2] __asm__("_ZTIi");
void* typeinfoOfInt[2];
__asm__(".tagtype __cpp_exception i32\n.globl __cpp_exception\n__cpp_exception:\n");

int cleanups = 0;

struct Guard {
    ~Guard() { ++cleanups; }
};

void check(int number) {
    if (number > 2) throw number;
}

int guarded(int number) {
    Guard guard;
    check(number);
    return 0;
}

int attempt(int number) {
    int caught = 0;
    try {
        guarded(number);
    } catch (...) {
        caught = number;
    }
    return caught;
}

extern "C" void _start() {
    int sum = attempt(1);
    sum += attempt(5);
    guarded(sum + 4);
}
