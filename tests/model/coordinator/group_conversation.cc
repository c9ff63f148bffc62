#include "tests/model/coordinator/group_conversation.h"

#include <fmt/core.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <sstream>

namespace squall::model {
namespace {

std::string numbers_of(const std::vector<TopicPartition>& partitions) {
    std::vector<std::int32_t> numbers;
    for (const TopicPartition& each : partitions) numbers.push_back(each.partition);
    return numbers.empty() ? "nothing" : fmt::format("{}", fmt::join(numbers, " "));
}

}  // namespace

std::string GroupConversation::names_of(const IdPartitions& partitions) const {
    std::vector<std::string> names;
    for (const IdPartition& each : partitions) {
        const std::string& topic = topics_.at(each.topic_id);
        names.push_back(topic == "orders" ? fmt::format("{}", each.partition)
                                          : fmt::format("{}-{}", topic, each.partition));
    }
    return names.empty() ? "nothing" : fmt::format("{}", fmt::join(names, " "));
}

void GroupConversation::topic(const std::string& name, std::size_t partitions) {
    fixture_.set_topic(name, partitions);
    const std::string& known = topics_.emplace(GroupFixture::topic_id(name), name).first->second;
    ASSERT(known == name, "{} and {} have one id", known, name);
}

void GroupConversation::resolve() {
    fixture_.advance(Duration::zero());
    fixture_.commit_all();
    if (fixture_.consumer_group() == nullptr) return;
    for (const auto& [expression, resolved] : fixture_.consumer_group()->resolved_expressions()) {
        say(fmt::format("{} stands for {}", expression, fmt::join(resolved.topics, " ")));
    }
}

std::string GroupConversation::name_of(const std::string& member_id) const {
    for (const auto& [name, client] : classic_) {
        if (client.member_id == member_id) return name;
    }
    return modern_.contains(member_id) ? member_id : "one that is gone";
}

void GroupConversation::tell_joined(const std::string& name, const JoinGroupResponse& answer) {
    if (answer.error_code != ErrorCode::none) {
        say(fmt::format("{}: {}", name, to_string(answer.error_code)));
    } else if (answer.leader.empty()) {
        say(fmt::format("{}: generation {}, nobody leads", name, answer.generation_id));
    } else {
        say(fmt::format("{}: generation {}, {} leads", name, answer.generation_id,
                        name_of(answer.leader)));
    }
}

void GroupConversation::join(const std::vector<std::string>& names) {
    std::map<std::string, CallId> calls;
    for (const std::string& name : names) {
        ClassicClient& client = classic_[name];
        if (client.is_eager() && !client.owned.empty()) {
            say(fmt::format("{} gives up {}", name, numbers_of(client.owned)));
            client.owned.clear();
        }
        // Static members have their place from the first time on (KIP-345).
        if (client.member_id.empty() && !client.instance_id) {
            const JoinGroupResponse given = fixture_.ask(client.joining());
            client.take(given);
        }
        calls[name] = fixture_.send(client.joining());
    }
    fixture_.commit_all();
    // The first rebalance of an empty group ends by the clock.
    if (fixture_.group() != nullptr && fixture_.group()->is_initial_rebalance()) {
        while (fixture_.group()->is_initial_rebalance()) fixture_.advance(std::chrono::seconds(1));
    }
    std::map<std::string, JoinGroupResponse> answers;
    for (const auto& [name, call] : calls) {
        auto answer = fixture_.take<JoinGroupResponse>(call);
        if (!answer) continue;
        classic_[name].take(*answer);
        answers.emplace(name, *std::move(answer));
    }
    for (const auto& [name, call] : calls) {
        const auto answer = answers.find(name);
        if (answer != answers.end()) {
            tell_joined(name, answer->second);
        } else {
            say(name + " waits");
        }
    }
}

// As the cooperative assignors do: what is claimed stays where it is or goes to nobody for a round.
std::map<std::string, Bytes> GroupConversation::assign() const {
    std::vector<std::string> members;
    std::map<std::string, std::vector<std::int32_t>> shares;
    for (const auto& [id, member] : fixture_.group()->members()) members.push_back(id);
    const auto share_max =
        static_cast<std::ptrdiff_t>((partitions_ + members.size() - 1) / members.size());
    std::map<std::int32_t, std::string> claims;
    for (const auto& [name, client] : classic_) {
        if (fixture_.group()->find_member(client.member_id) == nullptr) continue;
        for (const TopicPartition& each : client.owned) claims[each.partition] = client.member_id;
    }
    for (std::int32_t number = 0; number < static_cast<std::int32_t>(partitions_); ++number) {
        const auto claim = claims.find(number);
        if (claim != claims.end()) {
            std::vector<std::int32_t>& share = shares[claim->second];
            if (std::ssize(share) < share_max) share.push_back(number);
            continue;
        }
        const auto least = std::ranges::min_element(
            members, {}, [&](const std::string& id) { return shares[id].size(); });
        shares[*least].push_back(number);
    }
    std::map<std::string, Bytes> assignment;
    for (const std::string& id : members) assignment[id] = orders_assignment(shares[id]);
    return assignment;
}

void GroupConversation::sync(const std::vector<std::string>& names) {
    std::map<std::string, CallId> calls;
    for (const std::string& name : names) {
        const ClassicClient& client = classic_.at(name);
        const bool leads =
            fixture_.group() != nullptr && fixture_.group()->is_leader(client.member_id);
        calls[name] =
            fixture_.send(client.syncing(leads ? assign() : std::map<std::string, Bytes>{}));
    }
    fixture_.commit_all();
    for (const auto& [name, call] : calls) {
        const auto answer = fixture_.take<SyncGroupResponse>(call);
        if (!answer) {
            say(name + " waits");
        } else if (answer->error_code != ErrorCode::none) {
            say(fmt::format("{}: {}", name, to_string(answer->error_code)));
        } else {
            classic_.at(name).take(*answer);
            say(fmt::format("{}: has {}", name, numbers_of(classic_.at(name).given)));
        }
    }
}

void GroupConversation::heartbeat(const std::string& name) {
    say(fmt::format("{}: {}", name,
                    to_string(ask_and_store(fixture_, classic_.at(name).beating()).error_code)));
}

void GroupConversation::beat(const std::string& name) {
    ConsumerClient& client = modern_[name];
    client.member_id = name;
    const ErrorCode error =
        converse(fixture_, client, client.epoch == 0 ? client.full() : client.owning());
    if (error != ErrorCode::none) {
        say(fmt::format("{}: {}", name, to_string(error)));
    } else {
        say(fmt::format("{}: epoch {}, is to have {}", name, client.epoch,
                        names_of(client.target)));
    }
}

void GroupConversation::adopt(const std::string& name) {
    if (modern_.contains(name)) {
        modern_.at(name).adopt();
        say(fmt::format("{} owns {}", name, names_of(modern_.at(name).owned)));
        return;
    }
    const bool must_join = classic_.at(name).adopt();
    say(fmt::format("{} owns {}{}", name, numbers_of(classic_.at(name).owned),
                    must_join ? ", and must join to say so" : ""));
}

void GroupConversation::commit(const std::string& name) {
    const bool is_modern = modern_.contains(name);
    const GenerationId generation =
        is_modern ? GenerationId(modern_.at(name).epoch) : classic_.at(name).generation;
    const std::string& id = is_modern ? name : classic_.at(name).member_id;
    OffsetCommitRequest request = commit_request(id, generation, 10);
    if (!is_modern) request.group_instance_id = classic_.at(name).instance_id;
    say(fmt::format("{}: {}", name, to_string(error_of(ask_and_store(fixture_, request, 9)))));
}

void GroupConversation::leave(const std::string& name) {
    if (modern_.contains(name)) {
        converse(fixture_, modern_.at(name), modern_.at(name).leaving());
        modern_.erase(name);
    } else {
        ask_and_store(fixture_, classic_.at(name).leaving());
        classic_.erase(name);
    }
}

void GroupConversation::state() {
    if (const ConsumerGroup* const group = fixture_.consumer_group()) {
        say(fmt::format("consumer group, {}, epoch {}", to_string(group->state()), group->epoch()));
        for (const auto& [id, member] : group->members()) {
            std::string line =
                fmt::format("  {}{} epoch {} {}: {}", name_of(id),
                            member.is_classic() ? " (classic)" : "", member.current.member_epoch,
                            to_string(member.current.state), names_of(member.current.assigned));
            if (!member.current.pending_revocation.empty()) {
                line += ", gives up " + names_of(member.current.pending_revocation);
            }
            say(line);
        }
    } else if (const ClassicGroup* const classic = fixture_.group()) {
        std::vector<std::string> members;
        for (const auto& [id, member] : classic->members()) members.push_back(name_of(id));
        std::ranges::sort(members);
        say(fmt::format("classic group, {}, generation {}: {}", to_string(classic->state()),
                        classic->generation(), fmt::join(members, " ")));
    } else {
        say("no group");
    }
}

void GroupConversation::tell(const std::string& verb, const std::string& name) {
    if (verb == "eager") {
        classic_[name].protocol = "range";
    } else if (verb == "heartbeat") {
        heartbeat(name);
    } else if (verb == "beat") {
        beat(name);
    } else if (verb == "adopt") {
        adopt(name);
    } else if (verb == "commit") {
        commit(name);
    } else if (verb == "leave") {
        leave(name);
    } else if (verb == "crash") {
        classic_.erase(name);
        modern_.erase(name);
    } else {
        ASSERT(false, "no such command: {} {}", verb, name);
    }
}

std::string GroupConversation::obey(const std::string& command) {
    said_.clear();
    std::istringstream in(command);
    std::string verb;
    in >> verb;
    std::vector<std::string> names;
    for (std::string name; in >> name;) names.push_back(name);
    if (verb == "topic") {
        const std::size_t count = std::stoul(names.at(0));
        if (names.size() == 1) partitions_ = count;
        topic(names.size() == 1 ? "orders" : names.at(1), count);
    } else if (verb == "pattern") {
        modern_[names.at(0)].expression = names.at(1);
        modern_[names.at(0)].topics.clear();
    } else if (verb == "instance") {
        classic_[names.at(0)].instance_id = names.at(1);
    } else if (verb == "join") {
        join(names);
    } else if (verb == "sync") {
        sync(names);
    } else if (verb == "state") {
        state();
    } else if (verb == "pass") {
        fixture_.advance(std::chrono::seconds(std::stoi(names.at(0))));
        fixture_.commit_all();
    } else if (verb == "resolve") {
        resolve();
    } else if (verb == "failover") {
        const bool is_told = fixture_.replayed().has_same_records_as(fixture_.shard());
        fixture_.fail_over();
        if (!is_told) say("the log does not tell what the coordinator knew");
        state();
    } else {
        for (const std::string& name : names) tell(verb, name);
        ASSERT(!names.empty(), "nobody is told to {}", command);
    }
    return said_;
}

}  // namespace squall::model
