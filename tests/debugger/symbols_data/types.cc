// C++ of every kind; see symbols_types_test.cpp. Built by build.sh.
namespace shapes {
inline namespace v1 {
struct Base {
    virtual ~Base() {}
    int id = 1;
};
}  // namespace v1
struct Mixin {
    int mixed = 2;
};
template <class T, int N>
struct Box {
    T items[N];
    T get(int i) const { return items[i]; }
};
class Circle : public Base, protected Mixin {
public:
    static int count;
    static constexpr int kSides = 0;
    enum class Colour : unsigned char { Red = 1, Green = 200 };
    int area(int scale);
    Colour colour = Colour::Green;
    int &reference;
    int Circle::*member = nullptr;
    Circle(int &r) : reference(r) {}
};
int Circle::count = 3;
int Circle::area(int scale) { return reference * scale; }
struct Virtual : virtual Base {};
namespace {
int secret = 4;
int twice(int x) { return x * 2; }
}  // namespace
}  // namespace shapes

void operator delete(void *, unsigned long) noexcept {}
extern "C" void __cxa_pure_virtual() {}

shapes::Box<int, 3> box;
shapes::Virtual diamond;
int &&expiring = 5;
decltype(nullptr) nothing;

static inline __attribute__((always_inline)) int add(int a, int b) {
    int sum = a + b;
    return sum;
}
static inline __attribute__((always_inline)) int addTwice(int a, int b) {
    return add(a, b) + add(b, a);
}

extern "C" int run(int value) {
    shapes::Circle circle(value);
    int total = circle.area(3) + shapes::twice(shapes::secret);
    total += addTwice(total, box.get(1));
    return total + diamond.id;
}
