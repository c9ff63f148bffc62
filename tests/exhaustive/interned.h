// Interned: gives equal values one small number, so that the state of a world is a handful of
// numbers, and remembers what a step of a decider led to, so that each distinct (local state,
// input) is put to the real decider once however many global states it is part of.
//
// That is sound because deciders are functions of their described state and their input. Numbers
// are given in order of first sight, which is the same in every run.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sim/base/describe.h"
#include "sim/base/hash.h"

namespace squall::exhaustive {

template <class Value>
class Interned {
  public:
    // `key` says all that matters of the value. The first value of a key stands for all of them.
    std::uint32_t number_of(std::string key, Value value) {
        const auto [at, is_new] =
            numbers_.try_emplace(std::move(key), static_cast<std::uint32_t>(values_.size()));
        if (is_new) values_.push_back(std::move(value));
        return at->second;
    }
    // Stays where it is.
    const Value& operator[](std::uint32_t number) const { return values_[number]; }
    std::uint32_t size() const { return static_cast<std::uint32_t>(values_.size()); }

  private:
    std::map<std::string, std::uint32_t> numbers_;
    std::deque<Value> values_;
};

// From (local state, input) to the number of an outcome: an open-addressed table.
class Memory {
  public:
    Memory() : slots_(1u << 16) {}

    std::optional<std::uint32_t> find(std::uint32_t local, std::uint32_t input) const {
        const std::uint64_t key = key_of(local, input);
        for (std::size_t slot = mix(key);; ++slot) {
            const Slot& at = slots_[slot & (slots_.size() - 1)];
            if (at.key == key) return at.outcome;
            if (at.key == 0) return std::nullopt;
        }
    }
    // Requires: not there yet.
    void insert(std::uint32_t local, std::uint32_t input, std::uint32_t outcome) {
        if (++size_ * 2 > slots_.size()) {
            std::vector<Slot> before(slots_.size() * 2);
            std::swap(before, slots_);
            for (const Slot& slot : before) {
                if (slot.key != 0) place(slot);
            }
        }
        place({key_of(local, input), outcome});
    }
    std::size_t size() const { return size_; }

  private:
    struct Slot {
        std::uint64_t key = 0;
        std::uint32_t outcome = 0;
    };
    static std::uint64_t key_of(std::uint32_t local, std::uint32_t input) {
        return ((std::uint64_t{local} << 32) | input) + 1;
    }
    void place(const Slot& slot) {
        std::size_t at = mix(slot.key);
        while (slots_[at & (slots_.size() - 1)].key != 0) ++at;
        slots_[at & (slots_.size() - 1)] = slot;
    }

    std::vector<Slot> slots_;
    std::size_t size_ = 0;
};

// The canonical form of a described value as a key, without the fields that `Skip` names or turned
// into what it makes of them: `bool Skip::field(key, name, member)` returns whether it took care.
template <class Skip>
class KeyWriter : public CanonicalWalk<KeyWriter<Skip>> {
  public:
    template <class T>
    void operator()(std::string_view name, const T& member) {
        if (!Skip::field(*this, name, member)) this->value(member);
    }
    template <class T, class A>
    void operator()(std::string_view name, const T& member, const A&) {
        (*this)(name, member);
    }

    template <class T>
    void integer(T v) {
        auto rest = static_cast<std::uint64_t>(v);
        for (std::size_t i = 0; i < sizeof(T); ++i, rest >>= 8) {
            key_ += static_cast<char>(static_cast<unsigned char>(rest & 0xff));
        }
    }
    void text(std::string_view text) { key_ += text; }

    std::string key() && { return std::move(key_); }

  private:
    std::string key_;
};

}  // namespace squall::exhaustive
