#include "checkers/kafka_history.h"

#include <fmt/core.h>

#include <array>

namespace squall::checkers {

namespace {

template <class Value>
using Named = std::pair<std::string_view, Value>;

constexpr std::array<Named<HistoryOp::Type>, 4> types{{{":invoke", HistoryOp::Type::invoke},
                                                       {":ok", HistoryOp::Type::ok},
                                                       {":fail", HistoryOp::Type::fail},
                                                       {":info", HistoryOp::Type::info}}};
constexpr std::array<Named<HistoryOp::Kind>, 5> kinds{{{":send", HistoryOp::Kind::send},
                                                       {":poll", HistoryOp::Kind::poll},
                                                       {":txn", HistoryOp::Kind::txn},
                                                       {":assign", HistoryOp::Kind::assign},
                                                       {":subscribe", HistoryOp::Kind::subscribe}}};

template <class Value, std::size_t n>
const Value* find_named(const std::array<Named<Value>, n>& table, const EdnValue& word) {
    for (const auto& [name, value] : table) {
        if (word.is(name)) return &value;
    }
    return nullptr;
}

class Reader {
  public:
    std::variant<KafkaHistory, TextProblem> read(std::string_view text) {
        EdnReader edn(text);
        while (const auto value = edn.next()) {
            if (!read_ops(*value)) return *problem_;
        }
        if (edn.problem()) return *edn.problem();
        finish_open();
        return std::move(history_);
    }

  private:
    struct Open {
        std::size_t place = 0;  // in ops
        TextPlace text;
    };

    bool fail(const EdnValue& at, std::string what) {
        problem_ = TextProblem{.place = at.place, .what = std::move(what)};
        return false;
    }
    bool expect(const EdnValue& at, std::string_view what) {
        return fail(at, fmt::format("expected {}, found {}", what, describe_kind(at)));
    }

    bool read_ops(const EdnValue& value) {
        if (value.is_map()) return read_op(value);
        if (!value.is_row()) return expect(value, "an op, which is a map");
        for (const EdnValue& op : value.items) {
            if (!op.is_map()) return expect(op, "an op, which is a map");
            if (!read_op(op)) return false;
        }
        return true;
    }

    // The value under a keyword that must be there.
    const EdnValue* require(const EdnValue& op, std::string_view keyword) {
        const EdnValue* value = op.find(keyword);
        if (value == nullptr) fail(op, fmt::format("this op has no {}", keyword));
        return value;
    }

    bool read_op(const EdnValue& map) {
        HistoryOp op;
        op.place = history_.ops_read++;
        const EdnValue* process = require(map, ":process");
        if (process == nullptr) return false;
        if (!process->is_scalar()) return expect(*process, "a process: a number, or :nemesis");
        if (process->scalar.is_text) return true;
        op.process = process->scalar.integer;
        const EdnValue* type = require(map, ":type");
        if (type == nullptr) return false;
        const auto* known_type = find_named(types, *type);
        if (known_type == nullptr) return expect(*type, ":invoke, :ok, :fail or :info");
        op.type = *known_type;
        const EdnValue* f = require(map, ":f");
        if (f == nullptr) return false;
        if (f->is(":crash") || f->is(":debug-topic-partitions")) return true;
        const auto* kind = find_named(kinds, *f);
        if (kind == nullptr) {
            return expect(*f,
                          ":send, :poll, :txn, :assign, :subscribe, :crash or "
                          ":debug-topic-partitions");
        }
        op.kind = *kind;
        if (const EdnValue* time = map.find(":time"); time != nullptr && !time->is_nil()) {
            if (!is_integer(*time)) return expect(*time, "a time, which is an integer");
            op.time = time->scalar.integer;
        }
        const EdnValue* value = require(map, ":value");
        if (value == nullptr) return false;
        if (!(op.has_mops() ? read_mops(*value, op) : read_keys(*value, op.keys))) return false;
        if (const EdnValue* log = map.find(":rebalance-log"); log != nullptr && !log->is_nil()) {
            if (!read_rebalances(*log, op)) return false;
        }
        return add(std::move(op), map);
    }

    static bool is_integer(const EdnValue& value) {
        return value.is_scalar() && !value.scalar.is_text;
    }

    // A process does one thing at a time.
    bool add(HistoryOp op, const EdnValue& map) {
        const std::size_t place = history_.ops.size();
        const auto open = open_.find(op.process);
        if (!op.is_completion()) {
            if (open != open_.end()) {
                return fail(map, fmt::format("process {} invokes an op, and that of line {} is "
                                             "not complete",
                                             op.process, open->second.text.line));
            }
            op.invocation = place;
            open_[op.process] = {.place = place, .text = map.place};
        } else if (open == open_.end()) {
            op.invocation = place;  // a history of completions alone
        } else {
            const HistoryOp& invocation = history_.ops[open->second.place];
            if (invocation.kind != op.kind) {
                return fail(map, fmt::format("process {} completes another op than that of line {}",
                                             op.process, open->second.text.line));
            }
            op.invocation = open->second.place;
            open_.erase(open);
        }
        history_.ops.push_back(std::move(op));
        return true;
    }

    void finish_open() {
        for (const auto& [process, open] : open_) {
            HistoryOp op = history_.ops[open.place];
            op.type = HistoryOp::Type::info;
            op.invocation = open.place;
            history_.ops.push_back(std::move(op));
        }
    }

    bool read_keys(const EdnValue& value, std::vector<KeyId>& keys) {
        if (!value.is_row()) return expect(value, "a vector of keys");
        for (const EdnValue& key : value.items) {
            if (!key.is_scalar()) return expect(key, "a key");
            keys.push_back(history_.keys.id_of(key.scalar));
        }
        return true;
    }

    bool read_rebalances(const EdnValue& log, HistoryOp& op) {
        if (!log.is_row()) return expect(log, "a vector of rebalances");
        for (const EdnValue& rebalance : log.items) {
            const EdnValue* keys = rebalance.find(":keys");
            if (keys == nullptr) return expect(rebalance, "a rebalance, a map with :keys");
            std::vector<KeyId> ids;
            if (!read_keys(*keys, ids)) return false;
            op.rebalanced.insert(ids.begin(), ids.end());
        }
        return true;
    }

    bool read_mops(const EdnValue& value, HistoryOp& op) {
        if (!value.is_row()) return expect(value, "a vector of [:send ...] and [:poll ...]");
        for (const EdnValue& mop : value.items) {
            if (!mop.is_row() || mop.items.empty())
                return expect(mop, "[:send ...] or [:poll ...]");
            const EdnValue& word = mop.items[0];
            if (word.is(":send") && op.kind != HistoryOp::Kind::poll) {
                if (!read_send(mop, op)) return false;
            } else if (word.is(":poll") && op.kind != HistoryOp::Kind::send) {
                if (!read_poll(mop, op)) return false;
            } else {
                return expect(word, op.kind == HistoryOp::Kind::txn    ? ":send or :poll"
                                    : op.kind == HistoryOp::Kind::send ? ":send"
                                                                       : ":poll");
            }
        }
        return true;
    }

    // [:send k v], or, once its place is known, [:send k [offset v]].
    bool read_send(const EdnValue& mop, HistoryOp& op) {
        if (mop.items.size() != 3) return expect(mop, "[:send key value]");
        const EdnValue& key = mop.items[1];
        if (!key.is_scalar()) return expect(key, "a key");
        HistoryMop out;
        out.is_send = true;
        const EdnValue& value = mop.items[2];
        if (value.is_scalar()) {
            out.sent.value = history_.values.id_of(value.scalar);
        } else if (!read_pair(value, out.sent)) {
            return false;
        }
        out.sent.key = history_.keys.id_of(key.scalar);
        op.mops.push_back(std::move(out));
        return true;
    }

    // [:poll], or, once it is answered, [:poll {k [[offset v] ...]}].
    bool read_poll(const EdnValue& mop, HistoryOp& op) {
        if (mop.items.size() > 2) return expect(mop, "[:poll {key [[offset value] ...]}]");
        HistoryMop& out = op.mops.emplace_back();
        if (mop.items.size() == 1 || mop.items[1].is_nil()) return true;
        const EdnValue& polled = mop.items[1];
        if (!polled.is_map()) return expect(polled, "a map of keys to [[offset value] ...]");
        for (std::size_t i = 0; i < polled.items.size(); i += 2) {
            const EdnValue& key = polled.items[i];
            const EdnValue& pairs = polled.items[i + 1];
            if (!key.is_scalar()) return expect(key, "a key");
            if (!pairs.is_row()) return expect(pairs, "a vector of [offset value]");
            for (const EdnValue& pair : pairs.items) {
                HistoryMop::Read read;
                if (!read_pair(pair, read)) return false;
                read.key = history_.keys.id_of(key.scalar);
                out.polled.push_back(read);
            }
        }
        return true;
    }

    bool read_pair(const EdnValue& pair, HistoryMop::Read& out) {
        if (!pair.is_row() || pair.items.size() != 2) return expect(pair, "[offset value]");
        const EdnValue& offset = pair.items[0];
        const EdnValue& value = pair.items[1];
        if (!offset.is_nil()) {
            if (!is_integer(offset) || offset.scalar.integer < 0) {
                return expect(offset, "an offset, or nil");
            }
            out.offset = offset.scalar.integer;
        }
        if (!value.is_scalar()) return expect(value, "a value, which is a scalar");
        out.value = history_.values.id_of(value.scalar);
        return true;
    }

    KafkaHistory history_;
    std::map<std::int64_t, Open> open_;  // by process
    std::optional<TextProblem> problem_;
};

}  // namespace

std::string_view to_string(HistoryOp::Type type) {
    for (const auto& [name, value] : types) {
        if (value == type) return name.substr(1);
    }
    return "?";
}

std::variant<KafkaHistory, TextProblem> read_kafka_history(std::string_view edn) {
    return Reader().read(edn);
}

}  // namespace squall::checkers
