#include "checkers/dependency_cycles.h"

#include <algorithm>
#include <limits>
#include <utility>

#include "sim/base/assert.h"

namespace squall::checkers {

namespace {
constexpr auto nobody = std::numeric_limits<std::uint32_t>::max();
}

std::string_view to_string(Dependency dependency) {
    switch (dependency) {
        case Dependency::ww:
            return "ww";
        case Dependency::wr:
            return "wr";
        case Dependency::rt:
            return "realtime";
    }
    return "?";
}

DependencyGraph::DependencyGraph(const HistoryIndex& index, bool with_ww) : index_(index) {
    op_count_ = index.completions().size();
    edges_.resize(op_count_ + index.history().ops.size());
    for (Node reader = 0; reader < op_count_; ++reader) add_reads(reader);
    if (with_ww) add_writes();
    is_empty_ = std::ranges::all_of(edges_, [](const auto& edges) { return edges.empty(); });
    add_time();
}

DependencyGraph::Node DependencyGraph::node_of(HistoryIndex::Place place) const {
    const auto at = std::ranges::lower_bound(index_.completions(), place);
    ASSERT(at != index_.completions().end() && *at == place, "op {} is no completion", place);
    return static_cast<Node>(at - index_.completions().begin());
}

void DependencyGraph::add_reads(Node reader) {
    const HistoryOp& op = index_.op(index_.completions()[reader]);
    for (const auto& [key, reads] : HistoryIndex::reads(op)) {
        for (const HistoryMop::Read& read : reads) {
            const auto writer = index_.writer(key, read.value);
            if (!writer || node_of(*writer) == reader) continue;
            edges_[node_of(*writer)].push_back({.to = reader,
                                                .type = Dependency::wr,
                                                .key = key,
                                                .value = read.value,
                                                .next_value = read.value});
        }
    }
}

void DependencyGraph::add_writes() {
    for (const auto& [key, order] : index_.orders()) {
        const std::vector<ValueId>& row = order.by_index();
        for (std::size_t i = 1; i < row.size(); ++i) {
            const auto before = index_.writer(key, row[i - 1]);
            const auto after = index_.writer(key, row[i]);
            if (!before || !after || *before == *after) continue;
            edges_[node_of(*before)].push_back({.to = node_of(*after),
                                                .type = Dependency::ww,
                                                .key = key,
                                                .value = row[i - 1],
                                                .next_value = row[i]});
        }
    }
}

// An op that is ok leads to the moment of its answer, a moment to the next one, and to whatever is
// invoked then: as many edges as ops, instead of one for each pair.
void DependencyGraph::add_time() {
    const auto& ops = index_.history().ops;
    const auto moment = [&](std::size_t place) { return static_cast<Node>(op_count_ + place); };
    for (std::size_t place = 0; place + 1 < ops.size(); ++place) {
        edges_[moment(place)].push_back({.to = moment(place + 1), .type = Dependency::rt});
    }
    std::size_t first_answer = ops.size();
    for (Node node = 0; node < op_count_; ++node) {
        const HistoryIndex::Place place = index_.completions()[node];
        const HistoryOp& op = ops[place];
        if (op.type != HistoryOp::Type::fail && op.invocation > first_answer) is_empty_ = false;
        if (op.type == HistoryOp::Type::ok) first_answer = std::min(first_answer, place);
        if (op.type == HistoryOp::Type::ok) {
            edges_[node].push_back({.to = moment(place), .type = Dependency::rt});
        }
        if (op.type != HistoryOp::Type::fail && op.invocation != place) {
            edges_[moment(op.invocation)].push_back({.to = node, .type = Dependency::rt});
        }
    }
}

// Tarjan's algorithm, with a stack of its own: histories are longer than stacks are deep.
std::vector<std::uint32_t> DependencyGraph::components(const Search& search) const {
    struct Frame {
        Node node;
        std::size_t next_edge;
    };
    std::vector<std::uint32_t> component(edges_.size(), nobody);
    std::vector<std::uint32_t> number(edges_.size(), nobody);
    std::vector<std::uint32_t> low(edges_.size(), nobody);
    std::vector<Node> open;
    std::uint32_t next_number = 0;
    std::uint32_t next_component = 0;
    for (Node root = 0; root < edges_.size(); ++root) {
        if (number[root] != nobody) continue;
        std::vector<Frame> frames{{root, 0}};
        number[root] = low[root] = next_number++;
        open.push_back(root);
        while (!frames.empty()) {
            Frame& frame = frames.back();
            const Node node = frame.node;
            if (frame.next_edge < edges_[node].size()) {
                const Edge& edge = edges_[node][frame.next_edge++];
                if (!search.takes(edge.type)) continue;
                if (number[edge.to] == nobody) {
                    number[edge.to] = low[edge.to] = next_number++;
                    open.push_back(edge.to);
                    frames.push_back({edge.to, 0});
                } else if (component[edge.to] == nobody) {
                    low[node] = std::min(low[node], number[edge.to]);
                }
                continue;
            }
            if (low[node] == number[node]) {
                Node member = nobody;
                do {
                    member = open.back();
                    open.pop_back();
                    component[member] = next_component;
                } while (member != node);
                ++next_component;
            }
            frames.pop_back();
            if (!frames.empty()) {
                Node& parent = frames.back().node;
                low[parent] = std::min(low[parent], low[node]);
            }
        }
    }
    return component;
}

std::vector<DependencyCycle> DependencyGraph::find_cycles() const {
    using enum Dependency;
    struct Kind {
        const char* name;
        Search search;
    };
    const Kind kinds[] = {
        {"G0", {.with_wr = false, .with_rt = false, .needed = ww}},
        {"G1c", {.with_wr = true, .with_rt = false, .needed = wr}},
        {"G0-realtime", {.with_wr = false, .with_rt = true, .needed = ww}},
        {"G1c-realtime", {.with_wr = true, .with_rt = true, .needed = wr}},
    };
    std::vector<DependencyCycle> cycles;
    std::vector<bool> is_explained(edges_.size(), false);  // in a cycle without time
    for (const Kind& kind : kinds) {
        const std::vector<std::uint32_t> component = components(kind.search);
        std::map<std::uint32_t, std::vector<Node>> members;
        for (Node node = 0; node < op_count_; ++node) members[component[node]].push_back(node);
        for (const auto& [number, nodes] : members) {
            if (nodes.size() < 2) continue;
            if (kind.search.with_rt &&
                std::ranges::any_of(nodes, [&](Node node) { return is_explained[node]; })) {
                continue;
            }
            const auto hops = find_cycle(nodes, component, kind.search);
            if (!hops) continue;
            cycles.push_back(describe(kind.name, *hops));
            for (const Node node : nodes) is_explained[node] = true;
        }
    }
    return cycles;
}

// Every edge inside a component lies on a cycle; the shortest of those through the first few that
// will do is told.
std::optional<std::vector<DependencyGraph::Hop>> DependencyGraph::find_cycle(
    const std::vector<Node>& members, const std::vector<std::uint32_t>& components,
    const Search& search) const {
    constexpr int most_tries = 64;
    int tries = 0;
    std::optional<std::vector<Hop>> best;
    for (const Node node : members) {
        for (const Edge& edge : edges_[node]) {
            if (edge.type != search.needed || components[edge.to] != components[node]) continue;
            if (tries++ == most_tries) return best;
            auto path = find_path(edge.to, node, components, search);
            ASSERT(path, "an edge inside a component lies on no cycle");
            if (best && best->size() <= path->size() + 1) continue;
            path->insert(path->begin(), Hop{.from = node, .edge = &edge});
            best = std::move(path);
            if (best->size() == 2) return best;
        }
    }
    return best;
}

// The way with the fewest edges, inside one component.
std::optional<std::vector<DependencyGraph::Hop>> DependencyGraph::find_path(
    Node from, Node to, const std::vector<std::uint32_t>& components, const Search& search) const {
    std::map<Node, Hop> came_by;
    std::vector<Node> queue{from};
    for (std::size_t next = 0; next < queue.size(); ++next) {
        const Node node = queue[next];
        if (node == to) {
            std::vector<Hop> path;
            for (Node at = to; at != from; at = path.back().from) path.push_back(came_by.at(at));
            std::ranges::reverse(path);
            return path;
        }
        for (const Edge& edge : edges_[node]) {
            if (!search.takes(edge.type) || components[edge.to] != components[from]) continue;
            if (edge.to == from || !came_by.try_emplace(edge.to, Hop{node, &edge}).second) continue;
            queue.push_back(edge.to);
        }
    }
    return std::nullopt;
}

// Moments are left out: what they lead through is one step of time.
DependencyCycle DependencyGraph::describe(std::string type, const std::vector<Hop>& hops) const {
    DependencyCycle cycle{.type = std::move(type), .ops = {}, .steps = {}};
    for (const Hop& hop : hops) {
        if (hop.from >= op_count_) continue;
        cycle.ops.push_back(index_.completions()[hop.from]);
        cycle.steps.push_back(describe(*hop.edge, hop.from));
    }
    cycle.ops.push_back(cycle.ops.front());
    return cycle;
}

DependencyStep DependencyGraph::describe(const Edge& edge, Node from) const {
    DependencyStep step{.type = edge.type};
    if (edge.type == Dependency::rt) return step;
    const KafkaHistory& history = index_.history();
    const auto mop_that = [&](Node node, const auto& matches) {
        const auto& mops = index_.op(index_.completions()[node]).mops;
        return static_cast<std::int64_t>(std::ranges::find_if(mops, matches) - mops.begin());
    };
    const auto sends = [&](ValueId value) {
        return [&edge, value](const HistoryMop& mop) {
            return mop.is_send && mop.sent.key == edge.key && mop.sent.value == value;
        };
    };
    step.key = history.keys[edge.key];
    step.value = history.values[edge.value];
    step.from_mop = mop_that(from, sends(edge.value));
    if (edge.type == Dependency::ww) {
        step.next_value = history.values[edge.next_value];
        step.to_mop = mop_that(edge.to, sends(edge.next_value));
    } else {
        step.to_mop = mop_that(edge.to, [&](const HistoryMop& mop) {
            return std::ranges::any_of(mop.polled, [&](const HistoryMop::Read& read) {
                return read.key == edge.key && read.value == edge.value;
            });
        });
    }
    return step;
}

}  // namespace squall::checkers
