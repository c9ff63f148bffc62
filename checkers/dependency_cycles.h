// DependencyGraph: which op of a history must have come before which, and the cycles that prove
// that no order of them explains it (Adya 1999; Elle, Kingsbury and Alvaro 2020).
//
//   wr  an op polled what another sent
//   ww  an op's value stands in a log right before another's (only if it is asked for: Kafka lets
//       transactions interleave)
//   rt  an op was answered ok before another was invoked
//
// Cycles are named by their edges: G0 of ww alone, G1c with a wr; either with `-realtime` if it
// takes an rt, too. For each set of ops that depend on each other one short cycle of a kind is
// told; a realtime one only where there is none without time.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "checkers/history_index.h"

namespace squall::checkers {

enum class Dependency : std::uint8_t { ww, wr, rt };
std::string_view to_string(Dependency dependency);

// From one op of a cycle to the next. Micro-operations count from 0 in their op.
struct DependencyStep {
    Dependency type = Dependency::wr;
    std::optional<Scalar> key;         // none for rt, as below
    std::optional<Scalar> value;       // that the first op sent
    std::optional<Scalar> next_value;  // ww: that the second op sent behind it
    std::int64_t from_mop = -1;
    std::int64_t to_mop = -1;
    bool operator==(const DependencyStep&) const = default;
};

struct DependencyCycle {
    std::string type;                      // "G0", "G1c", "G0-realtime", "G1c-realtime"
    std::vector<HistoryIndex::Place> ops;  // the first one again at the end
    std::vector<DependencyStep> steps;     // one fewer than ops
};

class DependencyGraph {
  public:
    // Requires: `index` outlives the graph.
    DependencyGraph(const HistoryIndex& index, bool with_ww);

    // No op depends on another, not even by time: there is nothing to judge.
    bool is_empty() const { return is_empty_; }
    std::vector<DependencyCycle> find_cycles() const;

  private:
    using Node = std::uint32_t;
    struct Edge {
        Node to = 0;
        Dependency type = Dependency::wr;
        KeyId key = 0;
        ValueId value = 0;
        ValueId next_value = 0;
    };
    // Which edges a search may take, and one that it must.
    struct Search {
        bool with_wr = false;
        bool with_rt = false;
        Dependency needed = Dependency::ww;
        bool takes(Dependency type) const {
            return type == Dependency::ww || (type == Dependency::wr && with_wr) ||
                   (type == Dependency::rt && with_rt);
        }
    };
    struct Hop {
        Node from = 0;
        const Edge* edge = nullptr;
    };

    void add_reads(Node reader);
    void add_writes();
    void add_time();
    Node node_of(HistoryIndex::Place place) const;
    std::vector<std::uint32_t> components(const Search& search) const;
    std::optional<std::vector<Hop>> find_cycle(const std::vector<Node>& members,
                                               const std::vector<std::uint32_t>& components,
                                               const Search& search) const;
    std::optional<std::vector<Hop>> find_path(Node from, Node to,
                                              const std::vector<std::uint32_t>& components,
                                              const Search& search) const;
    DependencyCycle describe(std::string type, const std::vector<Hop>& hops) const;
    DependencyStep describe(const Edge& edge, Node from) const;

    const HistoryIndex& index_;
    // Completions in order, then the moments of the history, which only time leads through.
    std::vector<std::vector<Edge>> edges_;
    std::size_t op_count_ = 0;
    bool is_empty_ = true;
};

}  // namespace squall::checkers
