#include "tests/model/coordinator/transaction_conversation.h"

#include <fmt/core.h>

#include <sstream>
#include <utility>

#include "model/protocol/control_batch.h"
#include "model/protocol/record_batch.h"

namespace squall::model {
namespace {

constexpr const char* id = "t";

TopicPartition named(const std::string& partition) {
    return {"orders", std::stoi(partition.substr(1))};
}
std::string name_of(const TopicPartition& partition) {
    return fmt::format("p{}", partition.partition);
}

}  // namespace

void TransactionConversation::reset(TransactionOptions options, std::int16_t version) {
    version_ = version;
    world_ = std::make_unique<TransactionWorld>(options);
    leaders_ = {{"p0", {}}, {"p1", {}}};
}

void TransactionConversation::take(std::vector<TransactionReply> replies) {
    for (const TransactionReply& reply : replies) {
        ASSERT(listener_, "an answer that nobody waits for");
        std::exchange(listener_, nullptr)(reply);
    }
    while (!holds_ && world_->has_writes()) store(ErrorCode::none);
}

void TransactionConversation::store(ErrorCode error) {
    for (const TransactionReply& reply : world_->store(error)) {
        // Who gave up does not hear.
        if (listener_) std::exchange(listener_, nullptr)(reply);
    }
}

void TransactionConversation::init(const std::string& name) {
    const Client& known = clients_[name];
    std::optional<std::pair<ProducerId, ProducerEpoch>> expected;
    if (known.id != no_producer_id) expected = {known.id, known.epoch};
    listener_ = [this, name](const TransactionReply& reply) {
        const auto& response = std::get<InitProducerIdResponse>(reply.response);
        if (response.error_code != ErrorCode::none) {
            return say(fmt::format("  {}: {}", name, to_string(response.error_code)));
        }
        clients_[name] = {.id = response.producer_id, .epoch = response.producer_epoch};
        say(fmt::format("  {} is producer {} epoch {}", name, response.producer_id,
                        response.producer_epoch));
    };
    take(world_->ask(init_request(id, expected), version_));
}

void TransactionConversation::add(const std::string& name, const std::string& partition) {
    const Client& who = clients_[name];
    listener_ = [this, name](const TransactionReply& reply) {
        for (const auto& [added, error] : std::get<PartitionsAdded>(reply.response).errors) {
            say(fmt::format("  {}: {} {}", name, name_of(added),
                            error == ErrorCode::none ? "added" : to_string(error)));
        }
    };
    take(world_->ask(AddPartitions{.transactional_id = id,
                                   .producer_id = who.id,
                                   .producer_epoch = who.epoch,
                                   .partitions = {named(partition)}},
                     version_));
}

ErrorCode TransactionConversation::verify(const Client& who, const std::string& partition,
                                          bool adds) {
    ErrorCode error = ErrorCode::none;
    listener_ = [&](const TransactionReply& reply) {
        error = std::get<PartitionsAdded>(reply.response).errors.at(named(partition));
    };
    take(world_->ask(AddPartitions{.transactional_id = id,
                                   .producer_id = who.id,
                                   .producer_epoch = who.epoch,
                                   .partitions = {named(partition)},
                                   .verify_only = !adds},
                     version_));
    return error;
}

// As a leader does it: the guard first, then the coordinator's word, then the log's own rules.
void TransactionConversation::produce(Client who, const std::string& name,
                                      const std::string& partition, const std::string& text,
                                      std::int32_t sequence) {
    Leader& leader = leaders_.at(partition);
    const ProducerState* const known = leader.states.find(who.id);
    const bool is_open =
        known != nullptr && known->has_open_transaction() && known->epoch == who.epoch;
    const auto refuse = [&](std::string_view by, ErrorCode error) {
        say(fmt::format("  {}: {} {} refused by the {}: {}", name, partition, text, by,
                        to_string(error)));
    };
    if (verifies_ && !is_open) {
        const VerificationGuard guard =
            leader.verification.begin(who.id, who.epoch, SequenceNumber(sequence), version_ >= 2);
        const ErrorCode error = verify(who, partition, version_ >= 2);
        if (error != ErrorCode::none) return refuse("coordinator", error);
        if (!leader.verification.is_verified(who.id, guard)) {
            return refuse("leader", ErrorCode::invalid_txn_state);
        }
    }
    BatchBuilder builder({.base_offset = Offset(static_cast<std::int64_t>(leader.log.size())),
                          .producer_id = who.id,
                          .producer_epoch = who.epoch,
                          .base_sequence = SequenceNumber(sequence),
                          .is_transactional = true});
    builder.append(1, std::nullopt, as_bytes(text));
    const Bytes batch = builder.finish();
    const ProducerStates::Verdict verdict = leader.states.judge(batch, BatchSource::client);
    if (verdict.error != ErrorCode::none) return refuse("leader", verdict.error);
    leader.states.append(BatchView::at_front(batch).value());
    leader.verification.end(who.id);
    leader.log.push_back({text, who.id});
    say(fmt::format("  {}: {} {} at {}", name, partition, text, leader.log.size() - 1));
}

void TransactionConversation::end(Client who, const std::string& name, bool commit) {
    listener_ = [this, name, commit](const TransactionReply& reply) {
        const auto& response = std::get<EndTxnResponse>(reply.response);
        if (response.error_code != ErrorCode::none) {
            return say(fmt::format("  {}: {}", name, to_string(response.error_code)));
        }
        say(fmt::format("  {}: {}", name, commit ? "committed" : "aborted"));
        if (version_ < 2) return;
        clients_[name] = {.id = response.producer_id, .epoch = response.producer_epoch};
        say(fmt::format("  {} is producer {} epoch {}", name, response.producer_id,
                        response.producer_epoch));
    };
    take(world_->ask(end_request(id, who.id, who.epoch, commit), version_));
}

void TransactionConversation::write_marker(const std::string& partition) {
    const auto due = world_->shard().due_marker(id);
    if (!due || !due->partitions.contains(named(partition))) return say("  no marker is missing");
    Leader& leader = leaders_.at(partition);
    const Bytes batch = marker_batch({.producer_id = due->producer_id,
                                      .producer_epoch = due->producer_epoch,
                                      .is_commit = due->commit,
                                      .coordinator_epoch = 0},
                                     1);
    Bytes placed = batch;
    stamp_batch(placed, Offset(static_cast<std::int64_t>(leader.log.size())), LeaderEpoch(0));
    const ProducerStates::Verdict verdict = leader.states.judge(
        placed, BatchSource::broker, {.strict_markers = due->transaction_version >= 2});
    if (verdict.error != ErrorCode::none) {
        return say(fmt::format("  {}: marker refused: {}", partition, to_string(verdict.error)));
    }
    if (verdict.repeats_marker) {
        say(fmt::format("  {}: the marker stands already", partition));
        world_->mark(*due, named(partition));
        return take({});
    }
    const auto aborted = leader.states.append(BatchView::at_front(placed).value());
    if (aborted) leader.aborted.push_back(*aborted);
    leader.verification.end(due->producer_id);
    leader.log.push_back({"", due->producer_id});
    say(fmt::format("  {}: {} marker of producer {} epoch {} at {}", partition,
                    due->commit ? "commit" : "abort", due->producer_id, due->producer_epoch,
                    leader.log.size() - 1));
    world_->mark(*due, named(partition));
    take({});
}

void TransactionConversation::write_markers() {
    while (const auto due = world_->shard().due_marker(id)) {
        write_marker(name_of(*due->partitions.begin()));
    }
    state();
}

void TransactionConversation::read() {
    for (auto& [partition, leader] : leaders_) {
        const Offset end(static_cast<std::int64_t>(leader.log.size()));
        const Offset stable = leader.states.last_stable_offset(end);
        std::string seen;
        for (Offset at{0}; at < stable; ++at) {
            const Leader::Entry& entry = leader.log[static_cast<std::size_t>(at.value())];
            bool is_aborted = false;
            for (const AbortedTransaction& each : leader.aborted) {
                is_aborted |= each.producer_id == entry.producer && each.first_offset <= at &&
                              at < each.last_offset;
            }
            if (!entry.text.empty() && !is_aborted) seen += " " + entry.text;
        }
        say(fmt::format("  {}:{}{}", partition, seen.empty() ? " nothing" : seen,
                        stable < end ? fmt::format(", stable to {} of {}", stable, end) : ""));
    }
}

void TransactionConversation::state() {
    const TransactionMetadata* const metadata = world_->shard().find(id);
    if (metadata == nullptr) return say("  unknown");
    std::string partitions;
    for (const TopicPartition& partition : metadata->partitions) {
        partitions += " " + name_of(partition);
    }
    say(fmt::format("  {}, producer {} epoch {}{}{}", to_string(metadata->state),
                    metadata->producer_id, metadata->producer_epoch,
                    partitions.empty() ? "" : ", with", partitions));
}

std::string TransactionConversation::obey(const std::string& command) {
    said_.clear();
    std::istringstream in(command);
    std::string verb, name, partition, text;
    in >> verb;
    if (verb == "version") {
        TransactionOptions options;
        std::int16_t version = 2;
        in >> version;
        while (in >> text) {
            if (text == "unverified") verifies_ = false;
            if (text.starts_with("ceiling=")) {
                options.producer_epoch_ceiling =
                    static_cast<std::int16_t>(std::stoi(text.substr(8)));
            }
        }
        reset(options, version);
    } else if (verb == "init") {
        in >> name;
        init(name);
    } else if (verb == "add") {
        in >> name >> partition;
        add(name, partition);
    } else if (verb == "produce" || verb == "send") {
        in >> name >> partition >> text;
        Client& who = clients_[name];
        const std::int32_t sequence = who.sequences[partition]++;
        const auto arrive = [this, who, name, partition, text, sequence] {
            produce(who, name, partition, text, sequence);
        };
        if (verb == "send") {
            on_its_way_.push_back(arrive);
        } else {
            arrive();
        }
    } else if (verb == "end" || verb == "delay") {
        in >> name >> text;
        const auto arrive = [this, who = clients_[name], name, commit = text == "commit"] {
            end(who, name, commit);
        };
        if (verb == "delay") {
            on_its_way_.push_back(arrive);
        } else {
            arrive();
        }
    } else if (verb == "arrive") {
        ASSERT(!on_its_way_.empty(), "nothing is on its way");
        const auto arrive = std::move(on_its_way_.front());
        on_its_way_.pop_front();
        arrive();
    } else if (verb == "forget") {
        listener_ = nullptr;
    } else if (verb == "hold") {
        holds_ = true;
    } else if (verb == "store") {
        holds_ = false;
        take({});
    } else if (verb == "refuse") {
        holds_ = false;
        store(ErrorCode::not_enough_replicas);
        state();
    } else if (verb == "markers") {
        if (in >> partition) {
            write_marker(partition);
        } else {
            write_markers();
        }
    } else if (verb == "failover") {
        in >> text;
        listener_ = nullptr;
        holds_ = false;
        world_->fail_over(text == "kept");
        state();
    } else if (verb == "tick") {
        std::int64_t seconds = 0;
        in >> seconds;
        world_->now_ms += seconds * 1000;
        say(fmt::format("  {} out of time", world_->scan_timeouts()));
        take({});
        state();
    } else if (verb == "state") {
        state();
    } else if (verb == "read") {
        read();
    } else {
        ASSERT(false, "no such command: {}", command);
    }
    return said_;
}

}  // namespace squall::model
