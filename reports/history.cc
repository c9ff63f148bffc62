#include "reports/history.h"

#include <fmt/core.h>

#include <map>
#include <optional>
#include <set>
#include <vector>

#include "model/events/client_events.h"
#include "model/events/transaction_events.h"
#include "reports/outlook.h"
#include "reports/trace_lines.h"
#include "sim/trace/sim_events.h"

namespace squall::reports {
namespace {

using model::Outcome;
using model::TopicPartition;

const char* type_of(Outcome outcome) {
    switch (outcome) {
        case Outcome::ok:
            return ":ok";
        case Outcome::failed:
            return ":fail";
        case Outcome::unknown:
            return ":info";
    }
    return ":info";
}

// Numbers in order of first use.
template <class T>
class Numbering {
  public:
    std::uint64_t of(const T& value) {
        return numbers_.try_emplace(value, numbers_.size()).first->second;
    }
    const std::map<T, std::uint64_t>& all() const { return numbers_; }

  private:
    std::map<T, std::uint64_t> numbers_;
};

// Jepsen's processes of one client: one for its reading, and as many for sending as overlap.
class Processes {
  public:
    std::uint64_t reader(const std::string& client) {
        const auto [found, made] = readers_.try_emplace(client, next_);
        if (made) ++next_;
        return found->second;
    }
    std::uint64_t take_sender(const std::string& client) {
        std::set<std::uint64_t>& free = free_senders_[client];
        if (free.empty()) return next_++;
        const std::uint64_t process = *free.begin();
        free.erase(free.begin());
        return process;
    }
    void give_back(const std::string& client, std::uint64_t process) {
        free_senders_[client].insert(process);
    }
    // A crashed process is never used again.
    void end(const std::string& client) {
        readers_.erase(client);
        free_senders_.erase(client);
    }

  private:
    std::uint64_t next_ = 0;
    std::map<std::string, std::uint64_t> readers_;
    std::map<std::string, std::set<std::uint64_t>> free_senders_;
};

class EdnWriter {
  public:
    EdnWriter(const sim::Trace& trace, const Outlook& outlook) : trace_(trace), outlook_(outlook) {}

    void observe(const sim::Event& event) {
        if (const auto* invoked = event.as<model::SendInvoked>()) {
            invoke_send(event, *invoked);
        } else if (const auto* completed = event.as<model::SendCompleted>()) {
            complete_send(event, *completed);
        } else if (const auto* polled = event.as<model::RecordsPolled>()) {
            poll(event, *polled);
        } else if (const auto* changed = event.as<model::AssignmentChanged>()) {
            reassign(event, *changed);
        } else if (const auto* position = event.as<model::PositionSet>()) {
            reposition(event, *position);
        } else if (const auto* configured = event.as<model::ConsumerConfigured>()) {
            read_committed_[configured->client_id] = configured->read_committed;
        } else if (const auto* began = event.as<model::TransactionBegan>()) {
            begin_transaction(event, *began);
        } else if (const auto* ended = event.as<model::TransactionEndCompleted>()) {
            end_transaction(event, *ended);
        } else if (event.as<sim::NodeStopped>() != nullptr) {
            crash(event);
        }
    }

    std::string finish() const {
        std::string head;
        for (const auto& [partition, key] : keys_.all()) {
            head += fmt::format("; key {} = {}\n", key, to_string(partition));
        }
        return head + out_;
    }

  private:
    struct Sending {
        std::string client;
        std::string node;
        std::uint64_t process = 0;
        std::uint64_t key = 0;
        std::uint64_t value = 0;
    };
    struct Publishing {
        std::string client;
        std::string node;
        std::uint64_t process = 0;
    };
    struct Reading {
        std::string node;
        std::set<TopicPartition> assigned;
    };

    void op(const sim::Event& event, std::uint64_t process, std::string_view type,
            std::string_view f, std::string_view value) {
        out_ += fmt::format("{{:index {}, :time {}, :process {}, :type {}, :f {}, :value {}}}\n",
                            index_++, event.time.ns(), process, type, f, value);
    }

    void invoke_send(const sim::Event& event, const model::SendInvoked& invoked) {
        // The key is the partition, which the end of the send tells; without one, whoever read it.
        const Outlook::Send& send = *outlook_.send(invoked.operation);
        if (!send.has_left() || outlook_.transaction(send.transaction) != nullptr) return;
        const Sending sending{.client = invoked.client_id,
                              .node = std::string(trace_.node_name(event.node)),
                              .process = processes_.take_sender(invoked.client_id),
                              .key = keys_.of(*send.partition()),
                              .value = values_.of(send.value)};
        op(event, sending.process, ":invoke", ":send",
           fmt::format("[[:send {} {}]]", sending.key, sending.value));
        sending_.emplace(invoked.operation, sending);
    }

    void complete_send(const sim::Event& event, const model::SendCompleted& completed) {
        const auto found = sending_.find(completed.operation);
        if (found == sending_.end()) return;
        const Sending& sending = found->second;
        const std::string offset = completed.offset == model::no_offset
                                       ? std::string("nil")
                                       : fmt::format("{}", completed.offset);
        op(event, sending.process, type_of(completed.outcome), ":send",
           fmt::format("[[:send {} [{} {}]]]", sending.key, offset, sending.value));
        // An op of unknown outcome ends its process, in Jepsen's grammar.
        if (completed.outcome != Outcome::unknown) {
            processes_.give_back(sending.client, sending.process);
        }
        sending_.erase(found);
    }

    // With offsets once they are known: "[[:send 0 [17 4]] [:send 1 [nil 5]]]".
    std::string transaction_value(const Outlook::Transaction& transaction, bool has_ended) {
        std::string mops;
        for (const model::OperationId operation : transaction.sends) {
            const Outlook::Send& send = *outlook_.send(operation);
            if (!send.has_left()) continue;
            const std::uint64_t key = keys_.of(*send.partition());
            const std::uint64_t value = values_.of(send.value);
            if (!mops.empty()) mops += ' ';
            if (!has_ended) {
                mops += fmt::format("[:send {} {}]", key, value);
            } else if (!send.has_place()) {
                mops += fmt::format("[:send {} [nil {}]]", key, value);
            } else {
                mops += fmt::format("[:send {} [{} {}]]", key, send.end->offset, value);
            }
        }
        return "[" + mops + "]";
    }

    void begin_transaction(const sim::Event& event, const model::TransactionBegan& began) {
        const Publishing publishing{.client = began.client_id,
                                    .node = std::string(trace_.node_name(event.node)),
                                    .process = processes_.take_sender(began.client_id)};
        op(event, publishing.process, ":invoke", ":txn",
           transaction_value(*outlook_.transaction(began.transaction), false));
        publishing_.emplace(began.transaction, publishing);
    }

    void end_transaction(const sim::Event& event, const model::TransactionEndCompleted& ended) {
        const auto found = publishing_.find(ended.transaction);
        if (found == publishing_.end()) return;
        const Outlook::Transaction& transaction = *outlook_.transaction(ended.transaction);
        if (transaction.last_end != ended.operation) return;
        complete_transaction(event, transaction, found->second);
        if (transaction.outcome() != Outcome::unknown) {
            processes_.give_back(found->second.client, found->second.process);
        }
        publishing_.erase(found);
    }

    void complete_transaction(const sim::Event& event, const Outlook::Transaction& transaction,
                              const Publishing& publishing) {
        op(event, publishing.process, type_of(transaction.outcome()), ":txn",
           transaction_value(transaction, true));
    }

    // Whether the grammar takes it for a wrong to have seen this record.
    bool is_told(const std::string& client, const Outlook::Send* send) const {
        if (send == nullptr) return true;
        const Outlook::Transaction* transaction = outlook_.transaction(send->transaction);
        if (transaction == nullptr || transaction->outcome() == Outcome::ok) return true;
        const auto at = read_committed_.find(client);
        return at != read_committed_.end() && at->second;
    }

    void poll(const sim::Event& event, const model::RecordsPolled& polled) {
        const std::uint64_t process = processes_.reader(polled.client_id);
        std::string pairs;
        for (const model::PolledRecord& record : polled.records) {
            const Outlook::Send* send = outlook_.sender(polled.partition, record);
            if (!is_told(polled.client_id, send)) continue;
            const Outlook::Value value =
                send == nullptr ? Outlook::Value{record.record, 0} : send->value;
            pairs += fmt::format("{}[{} {}]", pairs.empty() ? "" : " ", record.offset,
                                 values_.of(value));
        }
        op(event, process, ":invoke", ":poll", "[[:poll]]");
        op(event, process, ":ok", ":poll",
           fmt::format("[[:poll {{{} [{}]}}]]", keys_.of(polled.partition), pairs));
    }

    void assign(const sim::Event& event, const std::string& client,
                const std::set<TopicPartition>& partitions) {
        std::string keys;
        for (const TopicPartition& partition : partitions) {
            keys += fmt::format("{}{}", keys.empty() ? "" : " ", keys_.of(partition));
        }
        const std::uint64_t process = processes_.reader(client);
        op(event, process, ":invoke", ":assign", "[" + keys + "]");
        op(event, process, ":ok", ":assign", "[" + keys + "]");
    }

    void reassign(const sim::Event& event, const model::AssignmentChanged& changed) {
        Reading& reading = reading_[changed.client_id];
        reading.node = trace_.node_name(event.node);
        for (const TopicPartition& partition : changed.partitions) {
            if (changed.change == model::AssignmentChange::assigned) {
                reading.assigned.insert(partition);
            } else {
                reading.assigned.erase(partition);
            }
        }
        assign(event, changed.client_id, reading.assigned);
    }

    // Leaving a key and naming it again is how the grammar says that its position is a new one.
    void reposition(const sim::Event& event, const model::PositionSet& position) {
        Reading& reading = reading_[position.client_id];
        if (reading.assigned.erase(position.partition) == 0) return;
        assign(event, position.client_id, reading.assigned);
        reading.assigned.insert(position.partition);
        assign(event, position.client_id, reading.assigned);
    }

    void crash(const sim::Event& event) {
        const std::string node(trace_.node_name(event.node));
        std::set<std::string> clients;
        for (auto it = sending_.begin(); it != sending_.end();) {
            if (it->second.node != node) {
                ++it;
                continue;
            }
            op(event, it->second.process, ":info", ":send",
               fmt::format("[[:send {} [nil {}]]]", it->second.key, it->second.value));
            clients.insert(it->second.client);
            it = sending_.erase(it);
        }
        for (auto it = publishing_.begin(); it != publishing_.end();) {
            if (it->second.node != node) {
                ++it;
                continue;
            }
            complete_transaction(event, *outlook_.transaction(it->first), it->second);
            clients.insert(it->second.client);
            it = publishing_.erase(it);
        }
        for (auto it = reading_.begin(); it != reading_.end();) {
            if (it->second.node != node) {
                ++it;
                continue;
            }
            const std::uint64_t process = processes_.reader(it->first);
            op(event, process, ":invoke", ":crash", "nil");
            op(event, process, ":info", ":crash", "nil");
            clients.insert(it->first);
            it = reading_.erase(it);
        }
        for (const std::string& client : clients) processes_.end(client);
    }

    const sim::Trace& trace_;
    const Outlook& outlook_;
    Numbering<TopicPartition> keys_;
    Numbering<Outlook::Value> values_;
    Processes processes_;
    std::map<model::OperationId, Sending> sending_;
    std::map<model::OperationId, Publishing> publishing_;
    std::map<std::string, bool> read_committed_;  // by client
    std::map<std::string, Reading> reading_;
    std::uint64_t index_ = 0;
    std::string out_;
};

// A described struct as JSON.
class JsonFields {
  public:
    explicit JsonFields(std::string& out) : out_(out) {}

    template <class T>
    void operator()(std::string_view name, const T& member) {
        if (!first_) out_ += ',';
        first_ = false;
        out_ += json_quote(name) + ':';
        value(member);
    }
    template <class T, class A>
    void operator()(std::string_view name, const T& member, const A&) {
        (*this)(name, member);
    }

  private:
    template <class T>
    void value(const T& member) {
        if constexpr (detail::is_vector<T>::value) {
            out_ += '[';
            for (std::size_t i = 0; i < member.size(); ++i) {
                if (i > 0) out_ += ',';
                value(member[i]);
            }
            out_ += ']';
        } else if constexpr (Described<const T> && !std::is_same_v<T, TopicPartition>) {
            out_ += '{';
            JsonFields inner(out_);
            T::describe(member, inner);
            out_ += '}';
        } else {
            std::string text;
            Printer(text).value(member);
            out_ += json_quote(text);
        }
    }

    std::string& out_;
    bool first_ = true;
};

template <class T>
void write_line(const sim::Trace& trace, const sim::Event& event, std::string& out) {
    const T* payload = event.as<T>();
    if (payload == nullptr) return;
    out += fmt::format(
        R"({{"seq":{},"ns":{},"node":{},"incarnation":{},"cause":{},"event":{},"fields":{{)",
        event.sequence, event.time.ns(), json_quote(trace.node_name(event.node)), event.incarnation,
        event.cause, json_quote(event.name()));
    JsonFields fields(out);
    T::describe(*payload, fields);
    out += "}}\n";
}

template <class... Kinds>
void write_any(const sim::Trace& trace, const sim::Event& event, std::string& out) {
    (write_line<Kinds>(trace, event, out), ...);
}

}  // namespace

std::string history_edn(const sim::Trace& trace) {
    Outlook outlook;
    trace.replay([&](const sim::Event& event) { outlook.observe(event); });
    EdnWriter writer(trace, outlook);
    trace.replay([&](const sim::Event& event) { writer.observe(event); });
    return writer.finish();
}

std::string history_jsonl(const sim::Trace& trace) {
    std::string text;
    trace.replay([&](const sim::Event& event) {
        write_any<model::ProducerConfigured, model::ConsumerConfigured, model::SendInvoked,
                  model::SendCompleted, model::ProduceRetried, model::AssignmentChanged,
                  model::PositionSet, model::RecordsPolled, model::RecordHandled,
                  model::CommitInvoked, model::CommitCompleted, model::AdminCompleted,
                  model::ProducerIdentified, model::ProducerFailed, model::TransactionBegan,
                  model::TransactionOffsetsInvoked, model::TransactionOffsetsCompleted,
                  model::TransactionEndInvoked, model::TransactionEndCompleted, sim::NodeStopped>(
            trace, event, text);
    });
    return text;
}

}  // namespace squall::reports
