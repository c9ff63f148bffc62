#include "squall/client.h"

#include <fmt/core.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <utility>

#include "model/client/consumer.h"
#include "model/client/producer.h"
#include "model/events/client_events.h"
#include "scenarios/workloads/workload.h"
#include "sim/base/settings.h"
#include "squall/internal/client_impl.h"

namespace squall {
namespace {

template <class Options>
void apply(Options& options, const Settings& settings, std::string_view what) {
    for (const auto& [key, value] : settings) {
        // "all" is what people write for -1.
        const std::string text = key == "acks" && value == "all" ? "-1" : value;
        if (const Status set = set_setting(options, key, text); !set) {
            throw std::invalid_argument(fmt::format("{}: {}", what, set.error().detail));
        }
    }
    if (const auto problem = options.problem()) {
        throw std::invalid_argument(fmt::format("{}: {}", what, *problem));
    }
}

Answer::Is answer_of(model::Outcome outcome) {
    switch (outcome) {
        case model::Outcome::ok:
            return Answer::Is::ok;
        case model::Outcome::failed:
            return Answer::Is::failed;
        case model::Outcome::unknown:
            return Answer::Is::unknown;
    }
    return Answer::Is::unknown;
}

Answer answer_of(const model::SendResult& result) {
    return {.is = answer_of(result.outcome),
            .error = result.error,
            .partition = result.partition.partition,
            .offset = result.offset.value()};
}

Answer answer_of(const model::TransactionResult& result) {
    return {.is = answer_of(result.outcome),
            .error = result.error,
            .must_abort = result.must_abort,
            .is_fatal = result.is_fatal};
}

Answer answer_of(const model::CommitResult& result) {
    return {.is = answer_of(result.outcome), .error = result.error};
}

std::optional<Bytes> bytes_of(const std::optional<std::string>& text) {
    if (!text) return std::nullopt;
    return to_bytes(*text);
}

std::optional<std::string> text_of(const std::optional<Bytes>& bytes) {
    if (!bytes) return std::nullopt;
    return std::string(as_text(*bytes));
}

model::ProducerRecord to_model(Record record) {
    model::ProducerRecord out{.topic = std::move(record.topic),
                              .partition = record.partition,
                              .key = bytes_of(record.key),
                              .value = bytes_of(record.value),
                              .headers = {},
                              .timestamp = std::nullopt};
    for (auto& [key, value] : record.headers) {
        out.headers.push_back({.key = std::move(key), .value = to_bytes(value)});
    }
    return out;
}

Received to_received(const model::ConsumerRecord& record) {
    Received out{.topic = record.partition.topic,
                 .partition = record.partition.partition,
                 .offset = record.offset.value(),
                 .key = text_of(record.key),
                 .value = text_of(record.value),
                 .headers = {},
                 .content_id = record.id.value()};
    for (const model::RecordHeader& header : record.headers) {
        out.headers.emplace_back(header.key, text_of(header.value).value_or(""));
    }
    return out;
}

// "orders-0"
model::TopicPartition partition_of(std::string_view text) {
    const std::size_t dash = text.rfind('-');
    std::int32_t number = -1;
    if (dash != std::string_view::npos && dash > 0) {
        const char* const end = text.data() + text.size();
        const auto [stopped, error] = std::from_chars(text.data() + dash + 1, end, number);
        if (error != std::errc() || stopped != end) number = -1;
    }
    if (number < 0) {
        throw std::invalid_argument(
            fmt::format("'{}' is no partition; expected one like orders-0", text));
    }
    return {std::string(text.substr(0, dash)), number};
}

}  // namespace

// ---- Producer ----

struct Producer::Impl {
    model::Producer producer;
};

Producer::Producer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Producer::~Producer() = default;

void Producer::send(Record record, std::function<void(const Answer&)> then) {
    model::SendCallback callback;
    if (then) {
        callback = [then = std::move(then)](const model::SendResult& result) {
            then(answer_of(result));
        };
    }
    impl_->producer.send(to_model(std::move(record)), std::move(callback));
}
Answer Producer::send_and_wait(Record record) {
    return answer_of(impl_->producer.send_and_wait(to_model(std::move(record))));
}
void Producer::flush() {
    impl_->producer.flush();
}
void Producer::close() {
    impl_->producer.close();
}
Answer Producer::init_transactions() {
    return answer_of(impl_->producer.init_transactions());
}
Answer Producer::begin_transaction() {
    return answer_of(impl_->producer.begin_transaction());
}
Answer Producer::commit_transaction() {
    return answer_of(impl_->producer.commit_transaction());
}
Answer Producer::abort_transaction() {
    return answer_of(impl_->producer.abort_transaction());
}

// ---- Consumer ----

struct Consumer::Impl {
    sim::Node& node;
    model::Consumer consumer;
    // The next offset after what poll returned; of the partitions that are still assigned.
    std::map<model::TopicPartition, model::Offset> positions{};
    std::string problem{};

    void forget_what_went() {
        const std::vector<model::TopicPartition> mine = consumer.assignment();
        std::erase_if(positions, [&](const auto& entry) {
            return std::ranges::find(mine, entry.first) == mine.end();
        });
    }
};

Consumer::Consumer(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Consumer::~Consumer() = default;

void Consumer::subscribe(std::vector<std::string> topics) {
    impl_->consumer.subscribe(std::move(topics));
}
void Consumer::assign(const std::vector<std::string>& partitions) {
    std::vector<model::TopicPartition> assigned;
    for (const std::string& partition : partitions) assigned.push_back(partition_of(partition));
    impl_->consumer.assign(std::move(assigned));
}
std::vector<std::string> Consumer::assignment() const {
    std::vector<std::string> names;
    for (const model::TopicPartition& partition : impl_->consumer.assignment()) {
        names.push_back(to_string(partition));
    }
    return names;
}

std::vector<Received> Consumer::poll(std::chrono::milliseconds timeout) {
    const Result<std::vector<model::ConsumerRecord>> batch = impl_->consumer.poll(timeout);
    impl_->problem.clear();
    if (!batch) {
        impl_->problem = to_string(batch.error());
        if (impl_->consumer.has_failed()) impl_->node.die_at_next_park(sim::StopReason::crash);
        // Whatever else the client could not mend by itself may have passed a moment later.
        impl_->node.sleep_for(std::max<Duration>(timeout, 100ms));
        return {};
    }
    std::vector<Received> received;
    for (const model::ConsumerRecord& record : *batch) {
        received.push_back(to_received(record));
        impl_->positions.insert_or_assign(record.partition, record.offset.next());
    }
    return received;
}
const std::string& Consumer::problem() const {
    return impl_->problem;
}
void Consumer::handled(const Received& record) {
    impl_->node.emit(model::RecordHandled{.client_id = impl_->consumer.options().client.client_id,
                                          .group = impl_->consumer.options().group_id,
                                          .partition = {record.topic, record.partition},
                                          .offset = model::Offset(record.offset),
                                          .record = model::RecordId(record.content_id)});
}
Answer Consumer::commit() {
    return answer_of(impl_->consumer.commit_sync());
}
void Consumer::commit_async() {
    impl_->consumer.commit_async();
}
void Consumer::seek(const std::string& partition, std::int64_t offset) {
    impl_->consumer.seek(partition_of(partition), model::Offset(offset));
}
void Consumer::rewind(const std::vector<Received>& records) {
    const std::vector<model::TopicPartition> mine = impl_->consumer.assignment();
    std::map<model::TopicPartition, model::Offset> first;
    for (const Received& record : records) {
        first.emplace(model::TopicPartition{record.topic, record.partition},
                      model::Offset(record.offset));
    }
    for (const auto& [partition, offset] : first) {
        if (std::ranges::find(mine, partition) == mine.end()) continue;
        impl_->consumer.seek(partition, offset);
        impl_->positions.insert_or_assign(partition, offset);
    }
}
void Consumer::close() {
    impl_->consumer.close();
}

Answer Producer::send_offsets_to_transaction(Consumer& consumer) {
    Consumer::Impl& from = *consumer.impl_;
    from.forget_what_went();
    const model::GroupIdentity& identity = from.consumer.identity();
    return answer_of(impl_->producer.send_offsets_to_transaction(
        from.positions, {.group_id = from.consumer.options().group_id,
                         .generation = identity.generation,
                         .member_id = identity.member_id,
                         .group_instance_id = std::nullopt}));
}

// ---- Client ----

Client::Client(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Client::~Client() = default;

const std::string& Client::name() const {
    return impl_->node.name();
}
std::uint64_t Client::incarnation() const {
    return impl_->node.incarnation().value();
}

Producer& Client::producer(const Settings& settings) {
    model::ProducerOptions options = impl_->cluster.scenario().workload.producer;
    // Two clients of a node differ in their names.
    options.client.client_id = impl_->producers.empty()
                                   ? name()
                                   : fmt::format("{}-{}", name(), impl_->producers.size() + 1);
    apply(options, settings, "producer of " + name());
    auto behind = std::unique_ptr<Producer::Impl>(
        new Producer::Impl{.producer = {impl_->node, impl_->cluster.fabric(),
                                        scenarios::bootstrap_of(impl_->cluster.scenario()),
                                        std::move(options), impl_->cluster.bugs_of(impl_->node)}});
    impl_->producers.push_back(std::unique_ptr<Producer>(new Producer(std::move(behind))));
    return *impl_->producers.back();
}

Consumer& Client::consumer(const std::string& group, const Settings& settings) {
    model::ConsumerOptions options = impl_->cluster.scenario().workload.consumer;
    options.client.client_id = impl_->consumers.empty()
                                   ? name() + "-in"
                                   : fmt::format("{}-in-{}", name(), impl_->consumers.size() + 1);
    options.group_id = group;
    apply(options, settings, "consumer of " + name());
    auto behind = std::unique_ptr<Consumer::Impl>(
        new Consumer::Impl{.node = impl_->node,
                           .consumer = {impl_->node, impl_->cluster.fabric(),
                                        scenarios::bootstrap_of(impl_->cluster.scenario()),
                                        std::move(options), impl_->cluster.bugs_of(impl_->node)}});
    impl_->consumers.push_back(std::unique_ptr<Consumer>(new Consumer(std::move(behind))));
    return *impl_->consumers.back();
}

void Client::sleep(std::chrono::nanoseconds duration) {
    impl_->node.sleep_for(duration);
}
std::int64_t Client::wall_clock_ms() const {
    return impl_->node.wall_now().ms();
}
std::uint64_t Client::draw(std::uint64_t below) {
    return impl_->node.draws("application").below(below);
}
void Client::spawn(const std::string& name, std::function<void()> body) {
    impl_->node.spawn(name, std::move(body));
}
bool Client::is_calm() const {
    return impl_->shared.is_calm;
}
bool Client::is_stopping() const {
    return impl_->is_stopping;
}
Database& Client::database() {
    return *impl_->shared.database;
}

}  // namespace squall
