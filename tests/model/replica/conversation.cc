#include "tests/model/replica/conversation.h"

#include <fmt/core.h>

#include <algorithm>
#include <sstream>
#include <utility>

#include "sim/base/assert.h"

namespace squall::model {

namespace {

std::string name_of(BrokerId id) {
    return id == no_broker ? std::string("nobody") : fmt::format("B{}", id);
}

std::string print_ids(const std::vector<BrokerId>& ids) {
    std::string text;
    for (const BrokerId id : ids) text += (text.empty() ? "" : ",") + std::to_string(id.value());
    return "[" + text + "]";
}

std::vector<BrokerId> parse_ids(const std::string& text) {
    std::vector<BrokerId> ids;
    std::istringstream in(text);
    for (std::string id; std::getline(in, id, ',');) ids.emplace_back(std::stoi(id));
    return ids;
}

}  // namespace

Offset ReplicaConversation::Broker::high_watermark() const {
    if (leader) return leader->high_watermark();
    return follower ? follower->high_watermark() : Offset(0);
}

std::string ReplicaConversation::replay(const std::string& transcript, const BugSet* bugs,
                                        std::vector<std::string>* violations) {
    ReplicaConversation conversation(bugs);
    std::string text;
    std::istringstream in(transcript);
    for (std::string line; std::getline(in, line);) {
        if (line.empty() || line.front() == '#') text += line + "\n";
        if (line.starts_with("> ")) text += line + "\n" + conversation.obey(line.substr(2));
    }
    if (violations != nullptr) *violations = conversation.violations();
    return text;
}

std::string ReplicaConversation::obey(const std::string& command) {
    said_.clear();
    Words words;
    std::istringstream in(command);
    for (std::string word; in >> word;) words.push_back(word);
    const std::string& verb = words.at(0);
    std::vector<MetadataRecord> records;
    if (verb == "brokers") {
        begin(words);
    } else if (verb == "log") {
        Broker& b = broker(words.at(1));
        for (std::size_t i = 2; i < words.size(); ++i) {
            const LeaderEpoch epoch(std::stoi(words[i]));
            // One leader an epoch: what stands at one offset in one epoch is one record.
            const auto value = static_cast<std::uint64_t>(epoch.value()) * 100 + i - 2;
            texts_[value] = "-";
            b.log.append({epoch, value});
        }
    } else if (verb == "metadata") {
        replay_metadata(broker(words.at(1)),
                        words.size() > 2 ? static_cast<std::size_t>(std::stoi(words[2])) : 1000);
    } else if (verb == "produce") {
        produce(broker(words.at(1)), words.at(2));
    } else if (verb == "fetch") {
        fetch(broker(words.at(1)), words.size() > 2);
    } else if (verb == "consume") {
        consume(broker(words.at(1)), Offset(std::stoi(words.at(2))));
    } else if (verb == "list") {
        list(broker(words.at(1)));
    } else if (verb == "tick") {
        Broker& b = broker(words.at(1));
        if (b.leader) carry_out(b, b.leader->step(PartitionLeader::Ticked{}, now_));
    } else if (verb == "advance") {
        now_ += std::chrono::seconds(std::stoi(words.at(1)));
    } else if (verb == "controller" || verb == "lose") {
        deliver_proposal(verb == "lose");
    } else if (verb == "elect") {
        const Refusal refusal =
            replicas_->elect_leader(image_, name_, Election::preferred, records);
        if (refusal.refused()) say(fmt::format("  {}", to_string(refusal.error)));
        commit(records);
    } else if (verb == "reassign" || verb == "cancel") {
        std::optional<std::vector<BrokerId>> target;
        if (verb == "reassign") target = parse_ids(words.at(1));
        const Refusal refusal = replicas_->reassign(image_, name_, target, records);
        if (refusal.refused()) say(fmt::format("  {}", to_string(refusal.error)));
        commit(records);
    } else if (verb == "fence") {
        commit(cluster_->fence(image_, broker(words.at(1)).id));
    } else if (verb == "unfence") {
        heartbeat(broker(words.at(1)));
    } else if (verb == "crash" || verb == "power" || verb == "wipe") {
        Broker& b = broker(words.at(1));
        stop(b);
        if (verb == "power") b.log.truncate(Offset(static_cast<std::int64_t>(b.flushed)));
        if (verb == "wipe") b.log = {};
    } else if (verb == "flush") {
        Broker& b = broker(words.at(1));
        b.flushed = b.log.records.size();
    } else if (verb == "start") {
        start(broker(words.at(1)), words.size() > 2);
    } else if (verb == "state") {
        show_state();
    } else {
        UNREACHABLE("no command '{}'", command);
    }
    check_log_matching();
    return said_;
}

ReplicaConversation::Broker& ReplicaConversation::broker(const std::string& name) {
    return brokers_.at(BrokerId(std::stoi(name.substr(1))));
}

// ---- the controller ----

void ReplicaConversation::begin(const Words& words) {
    PartitionRecord partition;
    partition.partition_id = 0;
    partition.topic_id = {7, 7};
    const int count = std::stoi(words.at(1));
    for (int i = 1; i <= count; ++i) partition.replicas.emplace_back(i);
    for (std::size_t i = 2; i < words.size(); ++i) {
        const std::size_t equals = words[i].find('=');
        const std::string key = words[i].substr(0, equals);
        const std::string value = equals == std::string::npos ? "" : words[i].substr(equals + 1);
        if (key == "min_isr") options_.min_insync_replicas = std::stoi(value);
        if (key == "replicas") partition.replicas = parse_ids(value);
        if (key == "epoch") partition.leader_epoch = LeaderEpoch(std::stoi(value));
        if (key == "no_elr") options_.features.eligible_leader_replicas = 0;
    }
    replicas_.emplace(options_, bugs_);
    cluster_.emplace(options_, bugs_);
    std::vector<MetadataRecord> records = FeatureControl(options_).bootstrap();
    for (int i = 1; i <= count; ++i) {
        const BrokerId id(i);
        brokers_[id] = {.id = id, .epoch = BrokerEpoch(i)};
        records.push_back(RegisterBrokerRecord{.broker_id = id,
                                               .incarnation_id = {1, next_incarnation_++},
                                               .broker_epoch = BrokerEpoch(i),
                                               .host = "b",
                                               .rack = std::nullopt,
                                               .fenced = false});
    }
    records.push_back(TopicRecord{.name = name_.topic, .topic_id = partition.topic_id});
    partition.isr = partition.replicas;
    partition.leader = partition.replicas.front();
    records.push_back(partition);
    image_.next_offset = Offset{1};
    commit(records);
}

void ReplicaConversation::commit(const std::vector<MetadataRecord>& records) {
    if (records.empty()) return;
    const PartitionImage* const was = image_.find_partition(name_);
    const PartitionImage before = was == nullptr ? PartitionImage{} : *was;
    for (const MetadataRecord& record : records) apply(image_, image_.next_offset, record);
    history_.push_back(image_);
    const PartitionImage& after = partition();
    if (after == before) return;
    std::string line = fmt::format("  t-0 leader={} epoch={} isr={}", name_of(after.leader),
                                   after.leader_epoch, print_ids(after.isr));
    if (!after.eligible_leader_replicas.empty()) {
        line += " elr=" + print_ids(after.eligible_leader_replicas);
    }
    if (after.replicas != before.replicas) line += " replicas=" + print_ids(after.replicas);
    if (!after.adding_replicas.empty()) line += " adding=" + print_ids(after.adding_replicas);
    if (!after.removing_replicas.empty()) line += " removing=" + print_ids(after.removing_replicas);
    if (after.recovering) line += " recovering";
    say(line);
    if (after.leader == no_broker || after.leader_epoch == before.leader_epoch) return;
    for (const auto& [offset, record] : acknowledged_) {
        const TinyLog& log = broker(after.leader).log;
        const auto at = static_cast<std::size_t>(offset.value());
        if (at < log.records.size() && log.records[at] == record) continue;
        violate(fmt::format("{} leads epoch {} without the acknowledged {}", name_of(after.leader),
                            after.leader_epoch, print(record)));
    }
}

void ReplicaConversation::start(Broker& b, bool clean) {
    BrokerRegistrationRequest request;
    request.cluster_id = "squall";
    request.broker_id = b.id;
    request.incarnation_id = {1, next_incarnation_++};
    request.listeners.push_back({.name = "PLAINTEXT", .host = "b", .port = 9092});
    request.features = registered_ranges(supported_features());
    if (clean) request.previous_broker_epoch = b.epoch;
    const auto decision =
        cluster_->register_broker(image_, BrokerSessions(9s), request, image_.next_offset, now_);
    ASSERT(decision.response.error_code == ErrorCode::none, "{} cannot register", b.id);
    b.epoch = decision.response.broker_epoch;
    b.runs = true;
    b.flushed = b.log.records.size();
    say(fmt::format("  {} runs in broker epoch {}, its log ends at {}", name_of(b.id), b.epoch,
                    b.log.end()));
    commit(decision.records);
}

void ReplicaConversation::stop(Broker& b) {
    b.runs = false;
    b.leader.reset();
    b.follower.reset();
    b.waiting.clear();
}

void ReplicaConversation::heartbeat(Broker& b) {
    BrokerHeartbeatRequest request;
    request.broker_id = b.id;
    request.broker_epoch = b.epoch;
    request.current_metadata_offset = image_.next_offset - 1;
    commit(cluster_->heartbeat(image_, BrokerSessions(9s), request).records);
}

void ReplicaConversation::deliver_proposal(bool lost) {
    if (proposals_.empty()) return say("  nothing is under way");
    const auto [from, change] = proposals_.front();
    proposals_.erase(proposals_.begin());
    PartitionLeader::AlterPartitionAnswered answer{.proposal = change};
    if (lost) {
        answer.error = ErrorCode::network_exception;
    } else {
        AlterPartitionRequest request;
        request.broker_id = from;
        request.broker_epoch = broker(from).epoch;
        AlterPartitionRequest::Partition proposal;
        proposal.leader_epoch = change.leader_epoch;
        proposal.partition_epoch = change.partition_epoch;
        for (const IsrMember& member : change.to) {
            proposal.new_isr_with_epochs.push_back({member.broker, member.broker_epoch});
        }
        AlterPartitionRequest::Topic topic;
        topic.topic_id = image_.find_topic("t")->id;
        topic.partitions.push_back(proposal);
        request.topics.push_back(topic);
        const auto decision = replicas_->alter_partition(image_, request);
        commit(decision.records);
        const auto& said = decision.response.topics.at(0).partitions.at(0);
        answer.error = said.error_code;
        answer.leader_epoch = said.leader_epoch;
        answer.isr = said.isr;
        answer.partition_epoch = said.partition_epoch;
        if (said.error_code != ErrorCode::none) {
            say(fmt::format("  {} is told {}", name_of(from), to_string(said.error_code)));
        }
    }
    Broker& b = broker(from);
    if (b.leader) carry_out(b, b.leader->step(answer, now_));
}

// ---- brokers ----

PartitionView ReplicaConversation::view_of(const MetadataImage& image) const {
    const PartitionImage& assigned = *image.find_partition(name_);
    PartitionView view{.leader_epoch = assigned.leader_epoch,
                       .partition_epoch = assigned.partition_epoch,
                       .replicas = assigned.replicas,
                       .isr = assigned.isr};
    view.min_insync_replicas = replicas_->min_insync_replicas(image, *image.find_topic("t"));
    for (const BrokerId replica : assigned.replicas) {
        const BrokerImage* const registered = image.find_broker(replica);
        if (registered == nullptr) continue;
        view.standings[replica] = {.broker_epoch = registered->epoch,
                                   .is_fenced = registered->fenced,
                                   .in_controlled_shutdown = registered->in_controlled_shutdown};
    }
    return view;
}

void ReplicaConversation::replay_metadata(Broker& b, std::size_t batches) {
    for (; batches > 0 && b.replayed < history_.size(); --batches) {
        take_role(b, history_[b.replayed]);
        ++b.replayed;
    }
}

void ReplicaConversation::take_role(Broker& b, const MetadataImage& image) {
    const BrokerImage* const self = image.find_broker(b.id);
    // What was said to an earlier process is not for this one.
    if (!b.runs || self == nullptr || self->epoch != b.epoch) return;
    const PartitionView view = view_of(image);
    const BrokerId leader = image.find_partition(name_)->leader;
    if (b.leader && b.leader->leader_epoch() == view.leader_epoch) {
        return carry_out(b, b.leader->step(PartitionLeader::MetadataChanged{view}, now_));
    }
    const Offset high_watermark = std::min(b.high_watermark(), b.log.end());
    if (b.leader && view.leader_epoch > b.leader->leader_epoch()) {
        carry_out(b, b.leader->step(PartitionLeader::Resigned{}, now_));
        b.leader.reset();
    }
    if (!contains(view.replicas, b.id)) {
        if (b.follower) say(fmt::format("  {} lets its replica go", name_of(b.id)));
        b.follower.reset();
        return;
    }
    if (leader == b.id) {
        if (b.follower && b.follower->leader_epoch() >= view.leader_epoch) return;
        b.follower.reset();
        b.log.begin_epoch(view.leader_epoch);
        say(fmt::format("  {} leads epoch {} from {}, high watermark {}", name_of(b.id),
                        view.leader_epoch, b.log.end(), high_watermark));
        b.leader.emplace(LeaderOptions{.self = b.id, .self_epoch = b.epoch, .bugs = bugs_},
                         PartitionLeader::Election{.view = view,
                                                   .log_start_offset = Offset(0),
                                                   .log_end_offset = b.log.end(),
                                                   .high_watermark = high_watermark},
                         now_);
        return carry_out(b, b.leader->begin(now_));
    }
    if (!b.follower) {
        b.follower.emplace(FollowerOptions{.bugs = bugs_}, b.log.state(), high_watermark);
    }
    if (b.follower->leader_epoch() >= view.leader_epoch) return;
    say(fmt::format("  {} follows {} in epoch {}", name_of(b.id), name_of(leader),
                    view.leader_epoch));
    carry_out(b,
              b.follower->step(PartitionFollower::LeaderChanged{leader, view.leader_epoch}, now_));
}

void ReplicaConversation::produce(Broker& b, const std::string& text) {
    if (!b.leader) return say(fmt::format("  {} does not lead", name_of(b.id)));
    const ErrorCode admission = b.leader->admits_produce(-1, std::nullopt);
    if (admission != ErrorCode::none) {
        return say(fmt::format("  {} answers {} {}", name_of(b.id), text, to_string(admission)));
    }
    const std::uint64_t value = next_value_++;
    texts_[value] = text;
    b.log.append({b.leader->leader_epoch(), value});
    say(fmt::format("  {} appends {} at {}", name_of(b.id), print(b.log.records.back()),
                    b.log.end() - 1));
    carry_out(b, b.leader->step(PartitionLeader::Appended{b.log.end()}, now_));
    const ProduceTicket ticket(next_ticket_++);
    b.waiting[ticket] = b.log.end();
    carry_out(b, b.leader->step(PartitionLeader::AcknowledgmentAwaited{ticket, b.log.end()}, now_));
}

void ReplicaConversation::fetch(Broker& b, bool lose_answer) {
    if (!b.follower) return say(fmt::format("  {} follows nobody", name_of(b.id)));
    const auto asked = b.follower->next_fetch(now_);
    if (!asked) {
        return say(fmt::format("  {} is {}", name_of(b.id), to_string(b.follower->phase())));
    }
    Broker& source = broker(b.follower->leader());
    say(fmt::format("{} -> {} Fetch epoch={} from={}@{}", name_of(b.id), name_of(source.id),
                    asked->current_leader_epoch, asked->fetch_offset, asked->last_fetched_epoch));
    if (!source.runs) {
        b.follower->step(PartitionFollower::FetchFailed{asked->current_leader_epoch}, now_);
        now_ += 1s;
        return say(fmt::format("  {} does not answer", name_of(source.id)));
    }
    const std::string answers = fmt::format("{} -> {} ", name_of(source.id), name_of(b.id));
    PartitionFollower::FetchAnswered answered{.asked = *asked};
    std::vector<TinyRecord> records;
    PartitionLeader::Output counted;
    if (!source.leader) {
        answered.error = ErrorCode::not_leader_or_follower;
    } else {
        const FetchTarget target{.replica = b.id,
                                 .replica_epoch = b.epoch,
                                 .current_leader_epoch = asked->current_leader_epoch,
                                 .fetch_offset = asked->fetch_offset,
                                 .last_fetched_epoch = asked->last_fetched_epoch,
                                 .log_start_offset = asked->log_start_offset};
        const auto answer = source.leader->answer_fetch(
            target,
            {.end_of_last_fetched_epoch = source.log.end_offset_for(asked->last_fetched_epoch),
             .first_unstable_offset = std::nullopt});
        answered.error = answer.error;
        answered.diverging_epoch = answer.diverging;
        if (answer.error == ErrorCode::none && !answer.diverging) {
            answered.leader_high_watermark = answer.ends.high_watermark;
            answered.leader_log_start_offset = answer.ends.log_start_offset;
            for (Offset at = asked->fetch_offset; at < answer.upto; ++at) {
                records.push_back(source.log.records[static_cast<std::size_t>(at.value())]);
            }
            counted = source.leader->step(
                PartitionLeader::FollowerFetched{.replica = b.id,
                                                 .replica_epoch = b.epoch,
                                                 .fetch_offset = asked->fetch_offset,
                                                 .log_start_offset = asked->log_start_offset},
                now_);
        }
    }
    if (answered.error != ErrorCode::none) {
        say(answers + std::string(to_string(answered.error)));
        if (answered.error == ErrorCode::not_leader_or_follower) now_ += 1s;
    } else if (answered.diverging_epoch) {
        say(answers + fmt::format("diverging {}@{}", answered.diverging_epoch->offset,
                                  answered.diverging_epoch->epoch));
        answered.own_end_of_diverging_epoch = b.log.end_offset_for(answered.diverging_epoch->epoch);
    } else {
        std::string line = answers + "records";
        for (const TinyRecord& record : records) line += " " + print(record);
        say(line + fmt::format(" high watermark {}", answered.leader_high_watermark));
    }
    if (lose_answer) {
        say("  which is lost");
        return carry_out(source, counted);
    }
    answered.has_records = !records.empty();
    const PartitionFollower::Output output = b.follower->step(answered, now_);
    carry_out(b, output, records);
    carry_out(source, counted);
    if (!output.locate_leader_log) return;
    say(answers + fmt::format("its log is 0..{}", source.log.end()));
    carry_out(b, b.follower->step(PartitionFollower::LeaderLogLocated{asked->current_leader_epoch,
                                                                      Offset(0), source.log.end()},
                                  now_));
}

void ReplicaConversation::consume(Broker& b, Offset from) {
    if (!b.leader) return say(fmt::format("  {} does not lead", name_of(b.id)));
    const FetchTarget target{.current_leader_epoch = no_leader_epoch, .fetch_offset = from};
    const auto answer = b.leader->answer_fetch(target, {});
    std::string line = fmt::format("{} -> consumer records", name_of(b.id));
    for (Offset at = from; at < answer.upto; ++at) {
        line += " " + print(b.log.records[static_cast<std::size_t>(at.value())]);
    }
    say(line);
    if (answer.upto > b.leader->high_watermark()) {
        violate(fmt::format("a consumer read up to {}, committed is up to {}", answer.upto,
                            b.leader->high_watermark()));
    }
}

void ReplicaConversation::list(Broker& b) {
    if (!b.leader) return say(fmt::format("  {} does not lead", name_of(b.id)));
    if (!b.leader->may_list_end_offset()) {
        return say(fmt::format("{} -> consumer {}", name_of(b.id),
                               to_string(ErrorCode::offset_not_available)));
    }
    const Offset end = b.leader->high_watermark();
    say(fmt::format("{} -> consumer the log ends at {}", name_of(b.id), end));
    if (end < highest_listed_) {
        violate(fmt::format("the end of the log went from {} back to {}", highest_listed_, end));
    }
    highest_listed_ = std::max(highest_listed_, end);
}

void ReplicaConversation::carry_out(Broker& b, const PartitionLeader::Output& output) {
    if (output.high_watermark) {
        say(fmt::format("  {} high watermark {}", name_of(b.id), output.high_watermark->to));
    }
    for (const auto& answer : output.answers) {
        const Offset end = b.waiting.at(answer.ticket);
        b.waiting.erase(answer.ticket);
        const TinyRecord record = b.log.records[static_cast<std::size_t>(end.value() - 1)];
        if (answer.error != ErrorCode::none) {
            say(fmt::format("  {} answers {} {}", name_of(b.id), print(record),
                            to_string(answer.error)));
            continue;
        }
        say(fmt::format("  {} acknowledges {}", name_of(b.id), print(record)));
        acknowledged_[end - 1] = record;
    }
    if (!output.proposal) return;
    proposals_.emplace_back(b.id, *output.proposal);
    say(fmt::format("  {} proposes isr={}", name_of(b.id),
                    print_ids(output.proposal->proposed_isr())));
}

void ReplicaConversation::carry_out(Broker& b, const PartitionFollower::Output& output,
                                    const std::vector<TinyRecord>& records) {
    if (output.truncate_to) {
        say(fmt::format("  {} truncates {} to {}", name_of(b.id), b.log.end(),
                        *output.truncate_to));
        b.log.truncate(*output.truncate_to);
        b.flushed = std::min(b.flushed, b.log.records.size());
    }
    if (output.append) {
        for (const TinyRecord& record : records) b.log.append(record);
    }
    if (output.changes_log()) {
        b.follower->step(PartitionFollower::LogChanged{b.log.state()}, now_);
    }
    if (output.leader_high_watermark) b.follower->set_high_watermark(*output.leader_high_watermark);
}

// ---- what is ----

std::string ReplicaConversation::print(const TinyRecord& record) const {
    return fmt::format("{}@{}", texts_.at(record.value), record.epoch);
}

void ReplicaConversation::show_state() {
    for (const auto& [id, b] : brokers_) {
        std::string line = fmt::format("  {}", name_of(id));
        for (const TinyRecord& record : b.log.records) line += " " + print(record);
        say(line + fmt::format(" | {}", b.high_watermark()));
    }
}

void ReplicaConversation::violate(std::string what) {
    if (std::ranges::find(violations_, what) != violations_.end()) return;
    say("  VIOLATION: " + what);
    violations_.push_back(std::move(what));
}

// Where two logs have a record of one epoch at one offset, they agree up to there.
void ReplicaConversation::check_log_matching() {
    for (const auto& [one_id, one] : brokers_) {
        for (const auto& [other_id, other] : brokers_) {
            if (one_id >= other_id) continue;
            std::size_t common = std::min(one.log.records.size(), other.log.records.size());
            while (common > 0 &&
                   one.log.records[common - 1].epoch != other.log.records[common - 1].epoch) {
                --common;
            }
            for (std::size_t at = 0; at < common; ++at) {
                if (one.log.records[at] == other.log.records[at]) continue;
                violate(
                    fmt::format("{} and {} differ at {}", name_of(one_id), name_of(other_id), at));
                break;
            }
        }
    }
}

}  // namespace squall::model
