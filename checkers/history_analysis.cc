#include "checkers/history_analysis.h"

#include <algorithm>
#include <iterator>

namespace squall::checkers {

namespace {

using Place = HistoryIndex::Place;
using Type = HistoryOp::Type;
using Kind = HistoryOp::Kind;

class Analysis {
  public:
    Analysis(const HistoryIndex& index, HistoryOptions options)
        : index_(index), history_(index.history()), options_(options) {}

    HistoryVerdict run() {
        subscribes_ = std::ranges::any_of(
            history_.ops, [](const HistoryOp& op) { return op.kind == Kind::subscribe; });
        for (const KeyId key : index_.keys()) {
            find_duplicates(key);
            find_inconsistent_offsets(key);
            find_lost_writes(key);
        }
        find_unseen();
        for (const Place place : index_.completions()) {
            find_bad_reads(index_.op(place));
            find_inside(index_.op(place));
        }
        find_across_ops();
        find_cycles();
        HistoryVerdict verdict;
        for (auto& [type, anomalies] : found_) {
            std::ranges::move(anomalies, std::back_inserter(verdict.anomalies));
        }
        verdict.is_valid = std::ranges::all_of(verdict.anomalies, &HistoryAnomaly::allowed);
        return verdict;
    }

  private:
    using Fields = std::vector<std::pair<std::string, HistoryField>>;

    bool is_allowed(std::string_view type) const {
        if (type == "int-send-skip" || type.starts_with("G0")) return true;
        if (type.starts_with("G1c")) return options_.ww_dependencies;
        return subscribes_ && (type == "poll-skip" || type == "nonmonotonic-poll");
    }

    void report(const std::string& type, Fields fields) {
        found_[type].push_back(
            {.type = type, .allowed = is_allowed(type), .fields = std::move(fields)});
    }

    const Scalar& key_name(KeyId key) const { return history_.keys[key]; }
    const Scalar& name(ValueId value) const { return history_.values[value]; }
    std::vector<Scalar> names(const std::vector<ValueId>& values) const {
        std::vector<Scalar> out;
        out.reserve(values.size());
        for (const ValueId value : values) out.push_back(name(value));
        return out;
    }
    std::int64_t line(Place place) const { return line(index_.op(place)); }
    static std::int64_t line(const HistoryOp& op) { return static_cast<std::int64_t>(op.place); }

    // ---- one key ----

    void find_duplicates(KeyId key) {
        std::map<Scalar, std::vector<std::int64_t>> offsets;
        for (const auto& [offset, values] : index_.order(key).log()) {
            for (const ValueId value : values) offsets[name(value)].push_back(offset);
        }
        for (const auto& [value, all] : offsets) {
            if (all.size() < 2) continue;
            report("duplicate", {{"key", key_name(key)},
                                 {"value", value},
                                 {"count", static_cast<std::int64_t>(all.size())},
                                 {"offsets", all}});
        }
    }

    void find_inconsistent_offsets(KeyId key) {
        std::int64_t index = 0;
        for (const auto& [offset, values] : index_.order(key).log()) {
            if (values.size() > 1) {
                report("inconsistent-offsets", {{"key", key_name(key)},
                                                {"offset", offset},
                                                {"index", index},
                                                {"values", names(values)}});
            }
            ++index;
        }
    }

    // Readers are not blamed for what was written twice: the bound counts first appearances, and
    // what must be read is counted by the last.
    void find_lost_writes(KeyId key) {
        const VersionOrder& order = index_.order(key);
        const std::set<ValueId>& polled = index_.read_ok(key);
        std::int64_t bound = -1;
        ValueId bound_value = 0;
        for (const ValueId value : polled) {
            const auto first = order.first_index(value);
            if (!first || *first <= bound) continue;
            bound = *first;
            bound_value = value;
        }
        if (bound < 0) return;
        std::int64_t index = 0;
        for (const auto& [offset, values] : order.log()) {
            if (index > bound) return;
            for (const ValueId value : values) {
                if (order.last_index(value) != index || polled.contains(value)) continue;
                const auto writer = index_.writer(key, value);
                if (!writer || !index_.must_have_committed(index_.op(*writer))) continue;
                report("lost-write", {{"key", key_name(key)},
                                      {"value", name(value)},
                                      {"index", *order.first_index(value)},
                                      {"max-read-index", bound},
                                      {"writer", line(*writer)},
                                      {"max-read", line(ok_reader(key, bound_value))}});
            }
            ++index;
        }
    }

    // Requires: there is one.
    Place ok_reader(KeyId key, ValueId value) const {
        const auto& readers = index_.readers(key, value);
        const auto at = std::ranges::find_if(
            readers, [&](Place place) { return index_.op(place).type == Type::ok; });
        ASSERT(at != readers.end(), "nobody polled {}", name(value));
        return *at;
    }

    void find_unseen() {
        std::map<KeyId, std::set<ValueId>> sent;
        for (const Place place : index_.completions()) {
            const HistoryOp& op = index_.op(place);
            if (op.type != Type::ok) continue;
            for (const HistoryMop& mop : op.mops) {
                if (mop.is_send) sent[mop.sent.key].insert(mop.sent.value);
            }
        }
        for (const KeyId key : index_.keys()) {
            std::vector<Scalar> unseen;
            for (const ValueId value : sent[key]) {
                if (!index_.read_ok(key).contains(value)) unseen.push_back(name(value));
            }
            if (unseen.empty()) continue;
            std::ranges::sort(unseen);
            report("unseen", {{"key", key_name(key)},
                              {"count", static_cast<std::int64_t>(unseen.size())},
                              {"values", unseen}});
        }
    }

    // ---- one op ----

    void find_bad_reads(const HistoryOp& op) {
        const auto writes = HistoryIndex::writes(op);
        std::set<std::pair<KeyId, ValueId>> told;
        for (const HistoryMop& mop : op.mops) {
            for (const HistoryMop::Read& read : mop.polled) {
                if (!told.emplace(read.key, read.value).second) continue;
                find_bad_read(op, writes, read);
            }
        }
    }

    void find_bad_read(const HistoryOp& op, const HistoryIndex::Reads& writes,
                       const HistoryMop::Read& read) {
        const auto own = writes.find(read.key);
        if (own != writes.end() &&
            std::ranges::find(own->second, read.value, &HistoryMop::Read::value) !=
                own->second.end()) {
            report("precommitted-read",
                   {{"op", line(op)}, {"key", key_name(read.key)}, {"value", name(read.value)}});
        }
        const auto writer = index_.writer(read.key, read.value);
        if (!writer) {
            report(
                "no-writer",
                {{"reader", line(op)}, {"key", key_name(read.key)}, {"value", name(read.value)}});
        } else if (op.type == Type::ok && index_.op(*writer).type == Type::fail) {
            report("G1a", {{"reader", line(op)},
                           {"writer", line(*writer)},
                           {"key", key_name(read.key)},
                           {"value", name(read.value)}});
        }
    }

    void find_inside(const HistoryOp& op) {
        for (const auto& [key, reads] : HistoryIndex::reads(op)) {
            if (!op.rebalanced.contains(key)) find_inside(op, key, reads, "poll");
        }
        for (const auto& [key, writes] : HistoryIndex::writes(op)) {
            find_inside(op, key, writes, "send");
        }
    }

    void find_inside(const HistoryOp& op, KeyId key, const std::vector<HistoryMop::Read>& row,
                     const std::string& what) {
        const VersionOrder& order = index_.order(key);
        for (std::size_t i = 1; i < row.size(); ++i) {
            const ValueId before = row[i - 1].value;
            const ValueId after = row[i].value;
            const std::int64_t delta = order.distance(before, after);
            if (delta == 1) continue;
            Fields fields{{"key", key_name(key)}, {"values", names({before, after})}};
            if (delta > 1) fields.emplace_back("skipped", names(order.between(before, after)));
            fields.emplace_back("delta", delta);
            fields.emplace_back("op", line(op));
            report((delta > 1 ? "int-" + what + "-skip" : "int-nonmonotonic-" + what),
                   std::move(fields));
        }
    }

    // ---- one process ----

    struct Last {
        ValueId value = 0;
        Place op = 0;
    };
    using LastByKey = std::map<KeyId, Last>;

    static void keep(LastByKey& last, const std::vector<KeyId>& keys) {
        std::erase_if(last, [&](const auto& entry) {
            return std::ranges::find(keys, entry.first) == keys.end();
        });
    }

    void find_across_ops() {
        std::map<std::int64_t, LastByKey> polled;
        std::map<std::int64_t, LastByKey> sent;
        for (Place place = 0; place < history_.ops.size(); ++place) {
            const HistoryOp& op = index_.op(place);
            if (!op.is_completion()) continue;
            if (!op.has_mops()) {
                if (op.type == Type::fail) continue;
                keep(polled[op.process], op.keys);
                keep(sent[op.process], op.keys);
                continue;
            }
            find_poll_after(polled[op.process], place);
            find_send_after(sent[op.process], place);
        }
    }

    // Only what is ok moves a position; everything is held to it.
    void find_poll_after(LastByKey& last, Place place) {
        const HistoryOp& op = index_.op(place);
        for (const auto& [key, reads] : HistoryIndex::reads(op)) {
            const auto at = last.find(key);
            if (at != last.end()) {
                const ValueId before = at->second.value;
                const ValueId after = reads.front().value;
                const VersionOrder& order = index_.order(key);
                const std::int64_t delta = order.distance(before, after);
                const std::vector<std::int64_t> ops{line(at->second.op), line(op)};
                if (delta > 1) {
                    report("poll-skip", {{"key", key_name(key)},
                                         {"ops", ops},
                                         {"delta", delta},
                                         {"skipped", names(order.between(before, after))}});
                } else if (delta < 1) {
                    report("nonmonotonic-poll", {{"key", key_name(key)},
                                                 {"ops", ops},
                                                 {"values", names({before, after})},
                                                 {"delta", delta}});
                }
            }
            if (op.type == Type::ok) last[key] = {.value = reads.back().value, .op = place};
        }
    }

    void find_send_after(LastByKey& last, Place place) {
        const HistoryOp& op = index_.op(place);
        if (op.type == Type::fail) return;
        for (const auto& [key, writes] : HistoryIndex::writes(op)) {
            const auto at = last.find(key);
            if (at != last.end()) {
                const ValueId before = at->second.value;
                const ValueId after = writes.front().value;
                const std::int64_t delta = index_.order(key).distance(before, after);
                if (delta < 1) {
                    report("nonmonotonic-send",
                           {{"key", key_name(key)},
                            {"values", names({before, after})},
                            {"delta", delta},
                            {"ops", std::vector<std::int64_t>{line(at->second.op), line(op)}}});
                }
            }
            last[key] = {.value = writes.back().value, .op = place};
        }
    }

    // ---- all ops ----

    void find_cycles() {
        const DependencyGraph graph(index_, options_.ww_dependencies);
        if (graph.is_empty()) report("empty-transaction-graph", {});
        for (const DependencyCycle& cycle : graph.find_cycles()) {
            std::vector<std::int64_t> ops;
            for (const Place place : cycle.ops) ops.push_back(line(place));
            report(cycle.type, {{"cycle", ops}, {"steps", cycle.steps}});
        }
    }

    const HistoryIndex& index_;
    const KafkaHistory& history_;
    HistoryOptions options_;
    bool subscribes_ = false;
    std::map<std::string, std::vector<HistoryAnomaly>> found_;  // by type
};

}  // namespace

HistoryVerdict analyse(const KafkaHistory& history, HistoryOptions options) {
    const HistoryIndex index(history);
    return Analysis(index, options).run();
}

std::vector<UnseenPoint> unseen_series(const HistoryIndex& index) {
    std::map<KeyId, std::set<ValueId>> unseen;
    std::set<std::pair<KeyId, ValueId>> polled;
    std::vector<UnseenPoint> series;
    const std::vector<KeyId> keys = index.keys();
    for (const HistoryIndex::Place place : index.completions()) {
        const HistoryOp& op = index.op(place);
        if (op.type != Type::ok) continue;
        for (const HistoryMop& mop : op.mops) {
            if (mop.is_send) {
                std::set<ValueId>& waiting = unseen[mop.sent.key];
                if (!polled.contains({mop.sent.key, mop.sent.value})) {
                    waiting.insert(mop.sent.value);
                }
            }
            for (const HistoryMop::Read& read : mop.polled) {
                polled.emplace(read.key, read.value);
                if (const auto at = unseen.find(read.key); at != unseen.end()) {
                    at->second.erase(read.value);
                }
            }
        }
        UnseenPoint& point = series.emplace_back();
        point.time = op.time;
        for (const KeyId key : keys) {
            if (const auto at = unseen.find(key); at != unseen.end()) {
                point.unseen.emplace_back(key, at->second.size());
            }
        }
    }
    return series;
}

}  // namespace squall::checkers
