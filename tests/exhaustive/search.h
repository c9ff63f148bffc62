// Search: visits every state that a small world can reach, breadth first, and asks every invariant
// of every one of them (explicit-state model checking, in the manner of TLC).
//
// A world has a State, which is a small value without padding; it names the actions that are
// possible in a state, applies one, and has invariants. apply() answers nothing where the action
// would lead beyond the world's bounds. Both are functions of the state alone.
//
// Visited states are kept whole and compared whole, 40 to 60 bytes each with their place in the
// table: no two states can be taken for one another by their hash, so an empty frontier is a proof
// within the bounds. Breadth first means that the first violation found is one of the shortest; its
// path is found again from the predecessor of each state and told as a conversation.
#pragma once

#include <fmt/core.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

#include "sim/base/assert.h"
#include "sim/base/hash.h"

namespace squall::exhaustive {

template <class World>
struct Invariant {
    std::string_view name;
    bool (World::*holds)(const typename World::State& state) const;
};

struct Bounds {
    std::uint32_t states_max = 100'000'000;  // then it gives up: nothing is proved
};

struct Findings {
    std::uint64_t states = 0;               // distinct ones
    std::uint64_t transitions = 0;          // within the bounds
    std::uint32_t depth = 0;                // of the state that is farthest from the first
    double seconds = 0;                     // of processor time: other programs do not count
    bool is_complete = false;               // the frontier is empty
    std::string violated;                   // the name of the invariant; empty: none was
    std::vector<std::string> conversation;  // from the first state to the violation

    double states_per_second() const {
        return seconds > 0 ? static_cast<double>(states) / seconds : 0;
    }
    // "1234567 distinct states, 4567890 transitions, depth 31, 0.9 s, 1371741 states/s"
    std::string figures() const {
        return fmt::format(
            "{} distinct states, {} transitions, depth {}, {:.1f} s, {:.0f} states/s", states,
            transitions, depth, seconds, states_per_second());
    }
    std::string told() const {
        std::string text = violated.empty() ? std::string("no invariant is violated\n")
                                            : fmt::format("violated: {}\n", violated);
        for (const std::string& line : conversation) text += line + '\n';
        return text;
    }
};

// All states in order of discovery, found again by content: an open-addressed table of (part of the
// hash, number) over states in blocks that never move. Both are far larger than any cache, and a
// look-up that waits for memory, first for the table and then for the state, costs more than all
// else that is done with a state. So a look-up comes in three parts, and whoever has several to
// make does the first of all of them before the second of any: memory then serves them side by
// side.
template <class State>
class VisitedStates {
    static_assert(std::has_unique_object_representations_v<State> &&
                      std::is_trivially_copyable_v<State>,
                  "states are compared by their bytes");

  public:
    VisitedStates() : slots_(1u << 20, 0) {}

    std::uint32_t size() const { return size_; }
    const State& at(std::uint32_t number) const {
        return blocks_[number >> block_bits][number & (block_size - 1)];
    }
    std::uint32_t parent(std::uint32_t number) const { return parents_[number]; }

    // Calls for the place in the table where a state of this hash would begin to be looked for.
    std::uint64_t call_for_slot(const State& state) const {
        const std::uint64_t hash = hash_of(state);
        __builtin_prefetch(&slots_[hash & (slots_.size() - 1)]);
        return hash;
    }
    // Calls for the state that is most likely found there.
    void call_for_state(std::uint64_t hash) const {
        const std::uint64_t slot = slots_[hash & (slots_.size() - 1)];
        if (slot != 0 && slot >> 32 == hash >> 32) __builtin_prefetch(&at(number_in(slot)));
    }
    // False: it was there. Requires: `hash` is that of call_for_slot.
    bool insert(const State& state, std::uint64_t hash, std::uint32_t parent) {
        std::size_t slot = hash & (slots_.size() - 1);
        for (; slots_[slot] != 0; slot = (slot + 1) & (slots_.size() - 1)) {
            if (slots_[slot] >> 32 != hash >> 32) continue;
            if (is_equal(at(number_in(slots_[slot])), state)) return false;
        }
        slots_[slot] = (hash >> 32 << 32) | (size_ + 1);
        if ((size_ & (block_size - 1)) == 0) {
            blocks_.push_back(std::make_unique_for_overwrite<State[]>(block_size));
        }
        blocks_.back()[size_ & (block_size - 1)] = state;
        parents_.push_back(parent);
        ++size_;
        if (std::size_t{size_} * 2 > slots_.size()) grow();
        return true;
    }

  private:
    static constexpr std::uint32_t block_bits = 14;
    static constexpr std::uint32_t block_size = 1u << block_bits;

    static std::uint32_t number_in(std::uint64_t slot) {
        return static_cast<std::uint32_t>(slot) - 1;
    }
    static bool is_equal(const State& a, const State& b) {
        return std::memcmp(&a, &b, sizeof(State)) == 0;
    }
    static std::uint64_t hash_of(const State& state) {
        std::uint64_t words[(sizeof(State) + 7) / 8] = {};
        std::memcpy(words, &state, sizeof(State));
        std::uint64_t hash = 0;
        for (const std::uint64_t word : words)
            hash = (hash ^ word) * 0x9fb21c651e98df25u ^ hash >> 29;
        return mix(hash);
    }
    void grow() {
        std::vector<std::uint64_t> slots(slots_.size() * 2, 0);
        for (std::uint32_t number = 0; number < size_; ++number) {
            const std::uint64_t hash = hash_of(at(number));
            std::size_t slot = hash & (slots.size() - 1);
            while (slots[slot] != 0) slot = (slot + 1) & (slots.size() - 1);
            slots[slot] = (hash >> 32 << 32) | (number + 1);
        }
        slots_ = std::move(slots);
    }

    std::vector<std::unique_ptr<State[]>> blocks_;
    std::vector<std::uint32_t> parents_;
    std::vector<std::uint64_t> slots_;  // upper half of the hash, number + 1; 0: free
    std::uint32_t size_ = 0;
};

template <class World>
class Search {
  public:
    using State = typename World::State;
    using Action = typename World::Action;

    explicit Search(World& world, Bounds bounds = {}) : world_(world), bounds_(bounds) {}

    // Until the frontier is empty, an invariant is violated, or there are too many states.
    Findings run() {
        const std::clock_t began = std::clock();
        Findings findings = explore();
        findings.states = visited_.size();
        findings.seconds = static_cast<double>(std::clock() - began) / CLOCKS_PER_SEC;
        return findings;
    }

  private:
    struct Successor {
        State state;
        std::uint64_t hash;
    };

    Findings explore() {
        Findings findings;
        const State first = world_.initial();
        if (discover({first, visited_.call_for_slot(first)}, 0)) {
            return tell(std::move(findings), 0);
        }
        std::vector<Action> actions;
        std::vector<Successor> successors;
        std::uint32_t end_of_layer = visited_.size();
        for (std::uint32_t number = 0; number < visited_.size(); ++number) {
            if (number == end_of_layer) {
                ++findings.depth;
                end_of_layer = visited_.size();
            }
            if (visited_.size() > bounds_.states_max) return findings;
            const State state = visited_.at(number);
            actions.clear();
            successors.clear();
            world_.actions(state, actions);
            for (const Action& action : actions) {
                const std::optional<State> next = world_.apply(state, action);
                if (next) successors.push_back({*next, visited_.call_for_slot(*next)});
            }
            for (const Successor& next : successors) visited_.call_for_state(next.hash);
            for (const Successor& next : successors) {
                ++findings.transitions;
                if (discover(next, number)) return tell(std::move(findings), visited_.size() - 1);
            }
        }
        findings.is_complete = true;
        return findings;
    }

    // Whether the state is new and violates something.
    bool discover(const Successor& found, std::uint32_t parent) {
        if (!visited_.insert(found.state, found.hash, parent)) return false;
        for (const Invariant<World>& invariant : world_.invariants()) {
            if ((world_.*invariant.holds)(found.state)) continue;
            violated_ = invariant.name;
            return true;
        }
        return false;
    }

    Findings tell(Findings findings, std::uint32_t number) {
        findings.violated = violated_;
        std::vector<std::uint32_t> path;
        for (; number != 0; number = visited_.parent(number)) path.push_back(number);
        findings.depth = static_cast<std::uint32_t>(path.size());
        std::uint32_t from = 0;
        for (std::size_t step = path.size(); step-- > 0;) {
            const std::uint32_t to = path[step];
            findings.conversation.push_back(
                fmt::format("{:>3}. {}", path.size() - step, told_step(from, to)));
            from = to;
        }
        findings.conversation.push_back(world_.show(visited_.at(from)));
        return findings;
    }

    std::string told_step(std::uint32_t from, std::uint32_t to) {
        std::vector<Action> actions;
        world_.actions(visited_.at(from), actions);
        for (const Action& action : actions) {
            const std::optional<State> next = world_.apply(visited_.at(from), action);
            if (next && std::memcmp(&*next, &visited_.at(to), sizeof(State)) == 0) {
                return world_.narrate(visited_.at(from), action, visited_.at(to));
            }
        }
        UNREACHABLE("state {} is not a successor of state {}", to, from);
        return {};
    }

    World& world_;
    Bounds bounds_;
    VisitedStates<State> visited_;
    std::string_view violated_;
};

}  // namespace squall::exhaustive
