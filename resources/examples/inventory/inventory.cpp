// A small store room in C++20: containers, strings, virtual functions, templates and optional values to look
// at in Variables. It is built with -O1, so some calls are inlined; they are still frames in Call stack.
#include <cstdio>
#include <map>
#include <memory>
#include <numeric>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

namespace store {

enum class Unit { Piece, Kilogram, Litre };

struct Money {
    long cents = 0;

    Money operator*(double factor) const { return {static_cast<long>(static_cast<double>(cents) * factor)}; }
    Money operator+(Money other) const { return {cents + other.cents}; }
};

class Item {
public:
    Item(std::string name, Money price) : m_name(std::move(name)), m_price(price) {}
    virtual ~Item() = default;

    virtual Unit unit() const { return Unit::Piece; }
    virtual Money valueOf(double amount) const { return m_price * amount; }
    const std::string& name() const { return m_name; }

protected:
    std::string m_name;
    Money m_price;
};

class Perishable final : public Item {
public:
    Perishable(std::string name, Money price, int daysLeft)
        : Item(std::move(name), price), m_daysLeft(daysLeft) {}

    Unit unit() const override { return Unit::Kilogram; }
    Money valueOf(double amount) const override { return m_price * (m_daysLeft < 3 ? amount / 2 : amount); }

private:
    int m_daysLeft;
};

class Liquid final : public Item {
public:
    Liquid(std::string name, Money price, std::optional<double> alcohol)
        : Item(std::move(name), price), m_alcohol(alcohol) {}

    Unit unit() const override { return Unit::Litre; }

private:
    std::optional<double> m_alcohol;
};

// What lies on the shelves: the owner of all items, ordered by name.
template <typename Amount>
class Shelf {
public:
    template <typename T, typename... Args>
    const T& put(Amount amount, Args&&... args) {
        auto item = std::make_unique<T>(std::forward<Args>(args)...);
        const T& placed = *item;
        m_amounts[placed.name()] += amount;
        m_items.push_back(std::move(item));
        return placed;
    }

    std::optional<Amount> amountOf(std::string_view name) const {
        auto found = m_amounts.find(name);
        if (found == m_amounts.end()) return std::nullopt;
        return found->second;
    }

    Money total() const {
        return std::accumulate(m_items.begin(), m_items.end(), Money{}, [this](Money sum, const auto& item) {
            return sum + item->valueOf(amountOf(item->name()).value_or(Amount{}));
        });
    }

    const std::vector<std::unique_ptr<Item>>& items() const { return m_items; }

private:
    std::vector<std::unique_ptr<Item>> m_items;
    std::map<std::string, Amount, std::less<>> m_amounts;
};

const char* shortName(Unit unit) {
    switch (unit) {
    case Unit::Piece: return "pc";
    case Unit::Kilogram: return "kg";
    case Unit::Litre: return "l";
    }
    return "?";
}

}  // namespace store

int main(int argc, char** argv) {
    using namespace store;
    Shelf<double> shelf;
    shelf.put<Item>(12, "screwdriver", Money{899});
    shelf.put<Perishable>(3.5, "cheese", Money{1450}, 2);
    shelf.put<Perishable>(8, "apples", Money{220}, 9);
    shelf.put<Liquid>(6, "cider, dry, from the orchard behind the house", Money{310}, 4.5);
    shelf.put<Liquid>(2.25, "milk", Money{119}, std::nullopt);

    for (const std::unique_ptr<Item>& item : shelf.items()) {
        double amount = shelf.amountOf(item->name()).value_or(0);
        Money value = item->valueOf(amount);
        std::printf("%-48s %6.2f %-2s %4ld.%02ld\n", item->name().c_str(), amount, shortName(item->unit()),
                    value.cents / 100, value.cents % 100);
    }
    Money total = shelf.total();
    std::printf("%-48s %9s %4ld.%02ld\n", "total", "", total.cents / 100, total.cents % 100);

    std::string wanted = argc > 1 ? argv[1] : "honey";
    std::optional<double> amount = shelf.amountOf(wanted);
    if (amount) {
        std::printf("%.2f of %s\n", *amount, wanted.c_str());
    } else {
        std::printf("no %s\n", wanted.c_str());
    }
    return 0;
}
