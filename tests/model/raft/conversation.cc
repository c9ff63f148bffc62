#include "tests/model/raft/conversation.h"

#include <fmt/core.h>

#include <algorithm>
#include <sstream>

#include "sim/base/assert.h"

namespace squall::model::raft {

namespace {

template <class... Visitors>
struct Overloaded : Visitors... {
    using Visitors::operator()...;
};
template <class... Visitors>
Overloaded(Visitors...) -> Overloaded<Visitors...>;

std::string name_of(BrokerId id) {
    return id == no_broker ? std::string("nobody") : fmt::format("S{}", id);
}

std::string names_of(const VoterSet& voters) {
    std::string names;
    for (const RaftVoter& voter : voters.voters()) names += name_of(voter.id);
    return names;
}

std::string place(const LogPosition& position) {
    return fmt::format("{}@{}", position.offset, position.epoch);
}

std::string why(ErrorCode error) {
    return error == ErrorCode::none ? std::string() : fmt::format(" {}", to_string(error));
}

std::string print(const Message& message) {
    return std::visit(
        Overloaded{
            [](const VoteRequest& m) {
                return fmt::format("{} epoch={} log={}", m.pre_vote ? "PreVote" : "Vote", m.epoch,
                                   place(m.last));
            },
            [](const VoteResponse& m) {
                return fmt::format(
                    "{} {} epoch={} leader={}{}", m.pre_vote ? "PreVoteAnswer" : "VoteAnswer",
                    m.granted ? "yes" : "no", m.epoch, name_of(m.leader), why(m.error));
            },
            [](const BeginQuorumEpochRequest& m) {
                return fmt::format("BeginQuorumEpoch epoch={}", m.epoch);
            },
            [](const BeginQuorumEpochResponse& m) {
                return fmt::format("BeginQuorumEpochAnswer epoch={}{}", m.epoch, why(m.error));
            },
            [](const EndQuorumEpochRequest& m) {
                std::string line = fmt::format("EndQuorumEpoch epoch={} successors=", m.epoch);
                for (const BrokerId id : m.preferred_successors) line += name_of(id);
                return line;
            },
            [](const EndQuorumEpochResponse& m) {
                return fmt::format("EndQuorumEpochAnswer epoch={}{}", m.epoch, why(m.error));
            },
            [](const FetchRequest& m) {
                return fmt::format("Fetch epoch={} from={}", m.epoch, place(m.position));
            },
            [](const FetchResponse& m) {
                std::string line = fmt::format("FetchAnswer epoch={} hw={} records={}", m.epoch,
                                               m.high_watermark, m.batches.size());
                if (m.error != ErrorCode::none) {
                    line = fmt::format("FetchAnswer epoch={} leader={}{}", m.epoch,
                                       name_of(m.leader), why(m.error));
                }
                if (m.diverging) line += " diverging=" + place(*m.diverging);
                if (m.snapshot) line += " snapshot=" + place(*m.snapshot);
                return line;
            },
            [](const FetchSnapshotRequest& m) {
                return fmt::format("FetchSnapshot epoch={} snapshot={} position={}", m.epoch,
                                   place(m.snapshot), m.position);
            },
            [](const FetchSnapshotResponse& m) {
                return fmt::format("FetchSnapshotAnswer epoch={} snapshot={}{}{}", m.epoch,
                                   place(m.snapshot), m.is_complete ? " complete" : "",
                                   why(m.error));
            },
        },
        message);
}

}  // namespace

Conversation::Member& Conversation::find(BrokerId id) {
    const auto member = std::ranges::find(members_, id, &Member::id);
    ASSERT(member != members_.end(), "no member {}", id);
    return *member;
}

Conversation::Member& Conversation::find(const std::string& name) {
    ASSERT(name.size() > 1 && name[0] == 'S', "'{}' is no member", name);
    return find(BrokerId{std::stoi(name.substr(1))});
}

Conversation::Member& Conversation::add_member(BrokerId id) {
    Member& member = members_.emplace_back();
    member.id = id;
    member.directory_id = {1, ++disks_};
    return member;
}

std::vector<VotersAt> Conversation::voters_in(const std::vector<Record>& records, Offset from) {
    std::vector<VotersAt> found;
    for (std::size_t i = 0; i < records.size(); ++i) {
        if (!records[i].voters) continue;
        found.push_back({from + static_cast<std::int64_t>(i), *records[i].voters});
    }
    return found;
}

void Conversation::boot(Member& member) {
    LogSummary summary;
    if (member.log.size() < static_cast<std::size_t>(member.snapshot.offset.value())) {
        member.log.resize(static_cast<std::size_t>(member.snapshot.offset.value()),
                          {member.snapshot.epoch});
        member.start = member.snapshot;
    }
    if (member.start.offset > Offset{0}) summary.restart_at(member.start);
    for (auto at = static_cast<std::size_t>(member.start.offset.value()); at < member.log.size();
         ++at) {
        summary.append(member.log[at].epoch, 1);
    }
    summary.mark_flushed(summary.log_end());
    member.flushed = member.log.size();
    VoterHistory voters{VoterSet(options_.voters)};
    for (const VotersAt& named : voters_in(member.log)) voters.append(named.offset, named.voters);
    voters.drop_before(member.start.offset);
    member.quorum.emplace(QuorumConfig{.self = member.id,
                                       .options = options_,
                                       .jitter_seed = static_cast<std::uint64_t>(member.id.value()),
                                       .bugs = bugs_,
                                       .directory_id = member.directory_id},
                          member.durable, summary, member.snapshot, voters);
    step(member, Boot{});
}

void Conversation::step(Member& member, const Input& input, BrokerId from,
                        const std::vector<Record>& records) {
    const QuorumState state_before = member.quorum->state();
    const RoleName role_before = member.quorum->role();
    const VoterSet voters_before = member.quorum->voters();
    Output output = member.quorum->step(input, now_);
    if (output.persist_state) member.durable = *output.persist_state;
    if (output.truncate_to) {
        member.log.resize(static_cast<std::size_t>(output.truncate_to->value()));
        member.flushed = std::min(member.flushed, member.log.size());
        say(fmt::format("  {} cuts its log to {}", name_of(member.id), *output.truncate_to));
    }
    if (output.restart_at) {
        member.log = records;
        member.flushed = records.size();
        member.snapshot = *output.restart_at;
        member.start = *output.restart_at;
        say(fmt::format("  {} has the snapshot {}", name_of(member.id), place(member.start)));
    }
    if (output.drop_before) member.start = *output.drop_before;
    const Quorum& quorum = *member.quorum;
    const RaftEpoch epoch = quorum.state().epoch;
    if (output.append_leader_change) member.log.push_back({epoch});
    if (output.append_leader_change && output.append_voters) member.log.push_back({epoch});
    if (output.append_voters) member.log.push_back({epoch, output.append_voters});
    if (output.append_proposed) member.log.push_back({epoch});
    for (std::size_t i = 0; i < output.append_fetched; ++i) member.log.push_back(records[i]);
    if (output.vote_granted) {
        const auto [vote, fresh] =
            votes_.try_emplace({member.id, quorum.state().epoch}, quorum.state().voted);
        if (!fresh && vote->second != quorum.state().voted) {
            violations_.push_back(fmt::format("{} voted twice in epoch {}", name_of(member.id),
                                              quorum.state().epoch));
        }
    }
    if (quorum.role() != role_before || !(quorum.state() == state_before)) {
        std::string line = fmt::format("  {} is {} in epoch {}", name_of(member.id),
                                       to_string(quorum.role()), quorum.state().epoch);
        if (quorum.state().voted != no_broker) line += " voted " + name_of(quorum.state().voted);
        if (quorum.leader() != no_broker) line += " leader " + name_of(quorum.leader());
        say(line);
    }
    if (output.refusal) {
        say(fmt::format("  {} says {}", name_of(member.id), to_string(*output.refusal)));
    }
    if (quorum.voters() != voters_before) {
        say(fmt::format("  {} counts the votes of {}", name_of(member.id),
                        names_of(quorum.voters())));
    }
    if (output.high_watermark_moved) {
        say(fmt::format("  {} commits up to {}", name_of(member.id), quorum.high_watermark()));
    }
    if (output.fatal) say(fmt::format("  {} halts: {}", name_of(member.id), *output.fatal));
    if (output.reply && from != no_broker) {
        if (std::holds_alternative<FetchResponse>(*output.reply)) {
            const auto& received = std::get<Received>(input);
            held_.push_back({member.id, from, std::get<FetchRequest>(received.message)});
        } else {
            answer(member, from, *output.reply, {});
        }
    }
    for (Outbound& outbound : output.send) {
        post({member.id, outbound.to, std::move(outbound.message), {}});
    }
    check(member);
    answer_held(member);
    if (output.flush && !slow_disks_) {
        member.flushed = member.log.size();
        step(member, LogFlushed{quorum.log().log_end()});
    }
}

// What a host adds to an answer: the records, one batch each, and snapshots in one piece.
void Conversation::answer(Member& member, BrokerId to, Message message,
                          const LogPosition& position) {
    std::vector<Record> records;
    if (auto* fetched = std::get_if<FetchResponse>(&message)) {
        const auto at = static_cast<std::size_t>(position.offset.value());
        const bool has_records =
            fetched->error == ErrorCode::none && !fetched->diverging && !fetched->snapshot;
        // One at a time, so that a conversation can stop between any two.
        if (has_records && at < member.log.size()) {
            fetched->batches.push_back({position.offset, position.offset, member.log[at].epoch});
            records.push_back(member.log[at]);
            fetched->voters = voters_in(records, position.offset);
        }
    } else if (auto* loaded = std::get_if<FetchSnapshotResponse>(&message)) {
        if (loaded->error == ErrorCode::none) {
            loaded->is_complete = true;
            records.assign(member.log.begin(),
                           member.log.begin() + loaded->snapshot.offset.value());
            const std::vector<VotersAt> voters = voters_in(records);
            if (!voters.empty()) loaded->voters = voters.back().voters;
        }
    }
    post({member.id, to, std::move(message), std::move(records)});
}

void Conversation::answer_held(Member& member) {
    for (auto held = held_.begin(); held != held_.end();) {
        if (held->leader != member.id || !member.quorum->has_news_for(held->request)) {
            ++held;
            continue;
        }
        const Held fetch = *held;
        held = held_.erase(held);
        answer(member, fetch.from, member.quorum->answer_fetch(fetch.request),
               fetch.request.position);
    }
}

void Conversation::forget_mail_of(BrokerId id) {
    std::erase_if(mail_, [&](const Mail& mail) { return mail.from == id || mail.to == id; });
    std::erase_if(held_, [&](const Held& held) { return held.from == id || held.leader == id; });
}

void Conversation::post(Mail mail) {
    // A member looks only at the answer to its latest Fetch.
    const auto is_fetch = [](const Message& message) {
        return std::holds_alternative<FetchRequest>(message) ||
               std::holds_alternative<FetchSnapshotRequest>(message);
    };
    const auto is_answer = [](const Message& message) {
        return std::holds_alternative<FetchResponse>(message) ||
               std::holds_alternative<FetchSnapshotResponse>(message);
    };
    if (is_fetch(mail.message)) {
        const BrokerId fetcher = mail.from;
        std::erase_if(mail_, [&](const Mail& other) {
            return (other.from == fetcher && is_fetch(other.message)) ||
                   (other.to == fetcher && is_answer(other.message));
        });
        std::erase_if(held_, [&](const Held& held) { return held.from == fetcher; });
    }
    if (find(mail.from).is_cut || find(mail.to).is_cut) return;
    mail_.push_back(std::move(mail));
}

void Conversation::deliver(std::size_t index) {
    const Mail mail = mail_[index];
    mail_.erase(mail_.begin() + static_cast<std::ptrdiff_t>(index));
    say(fmt::format("{} -> {} {}", name_of(mail.from), name_of(mail.to), print(mail.message)));
    Member& member = find(mail.to);
    if (member.quorum) step(member, Received{mail.message}, mail.from, mail.records);
}

std::optional<std::size_t> Conversation::first_between(BrokerId from, BrokerId to) const {
    for (std::size_t i = 0; i < mail_.size(); ++i) {
        if (mail_[i].from == from && mail_[i].to == to) return i;
    }
    return std::nullopt;
}

void Conversation::check(const Member& member) {
    const Quorum& quorum = *member.quorum;
    if (quorum.is_leader()) {
        const auto [leader, fresh] = leaders_.try_emplace(quorum.state().epoch, member.id);
        if (leader->second != member.id) {
            violations_.push_back(fmt::format("two leaders in epoch {}", quorum.state().epoch));
        }
    }
    const auto end = static_cast<std::size_t>(quorum.high_watermark().value());
    for (std::size_t at = 0; at < end; ++at) {
        if (at == committed_.size()) committed_.push_back(member.log[at]);
        if (!(committed_[at] == member.log[at])) {
            violations_.push_back(fmt::format("two records committed at {}", at));
            committed_[at] = member.log[at];
        }
    }
}

std::string Conversation::log_of(const Member& member) const {
    std::string line = fmt::format("  {}", name_of(member.id));
    if (!member.quorum) return line + " is down";
    const auto start = static_cast<std::size_t>(member.start.offset.value());
    if (start > 0) line += fmt::format(" [{}]", place(member.start));
    for (std::size_t at = start; at <= member.log.size(); ++at) {
        if (Offset{static_cast<std::int64_t>(at)} == member.quorum->high_watermark()) line += " |";
        if (at == member.log.size()) break;
        line += fmt::format(" {}", member.log[at].epoch);
        if (member.log[at].voters) line += fmt::format("{{{}}}", names_of(*member.log[at].voters));
    }
    return line;
}

std::string Conversation::obey(const std::string& command) {
    out_.clear();
    std::istringstream words(command);
    std::string verb;
    std::string who;
    words >> verb >> who;
    if (verb == "members" || verb == "voters") {
        const int count = std::stoi(who);
        for (int id = 1; id <= count; ++id) {
            const Member& member = add_member(BrokerId{id});
            options_.voters.push_back({.id = member.id, .host = "c"});
            if (verb == "voters") options_.voters.back().directory_id = member.directory_id;
        }
    } else if (verb == "observer") {
        add_member(BrokerId{std::stoi(who.substr(1))});
    } else if (verb == "add" || verb == "remove") {
        std::string whom;
        words >> whom;
        const Member& other = find(whom);
        if (verb == "add") {
            step(find(who),
                 AddVoter{{.id = other.id, .host = "c", .directory_id = other.directory_id}});
        } else {
            // As an administrator would who read the set from the leader.
            const RaftVoter* const voter = find(who).quorum->voters().find(other.id);
            step(find(who), RemoveVoter{voter == nullptr ? ReplicaKey{other.id, other.directory_id}
                                                         : key_of(*voter)});
        }
    } else if (verb == "replace") {
        Member& member = find(who);
        forget_mail_of(member.id);
        const BrokerId id = member.id;
        member = {};
        member.id = id;
        member.directory_id = {1, ++disks_};
        boot(member);
    } else if (verb == "slow") {
        slow_disks_ = true;
    } else if (verb == "disk") {
        Member& member = find(who);
        for (std::string word; words >> word;) {
            if (word.starts_with("voted=")) {
                member.durable.voted = find(word.substr(6)).id;
            } else if (word.starts_with("leader=")) {
                member.durable.leader = find(word.substr(7)).id;
            } else if (word.starts_with("epoch=")) {
                member.durable.epoch = RaftEpoch{std::stoi(word.substr(6))};
            } else {
                member.log.push_back({RaftEpoch{std::stoi(word)}});
                member.durable.epoch = std::max(member.durable.epoch, member.log.back().epoch);
            }
        }
    } else if (verb == "boot") {
        for (Member& member : members_) boot(member);
        // They look for a leader, and there is none.
        mail_.clear();
        held_.clear();
    } else if (verb == "timeout") {
        Member& member = find(who);
        now_ = std::max(now_, member.quorum->next_deadline());
        step(member, Tick{});
    } else if (verb == "deliver" && who.empty()) {
        for (int said = 0; !mail_.empty() && said < 200; ++said) deliver(0);
    } else if (verb == "deliver" || verb == "drop") {
        std::string to;
        if (words >> to) {
            const auto index = first_between(find(who).id, find(to).id);
            if (!index) {
                say(fmt::format("nothing from {} to {}", who, to));
            } else if (verb == "deliver") {
                deliver(*index);
            } else {
                mail_.erase(mail_.begin() + static_cast<std::ptrdiff_t>(*index));
            }
        } else {
            std::erase_if(mail_, [&](const Mail& mail) { return mail.from == find(who).id; });
        }
    } else if (verb == "cut") {
        find(who).is_cut = true;
        forget_mail_of(find(who).id);
    } else if (verb == "heal") {
        find(who).is_cut = false;
    } else if (verb == "propose") {
        step(find(who), Propose{1});
    } else if (verb == "flush") {
        Member& member = find(who);
        member.flushed = member.log.size();
        step(member, LogFlushed{member.quorum->log().log_end()});
    } else if (verb == "resign") {
        step(find(who), Resign{});
    } else if (verb == "retry") {
        Member& member = find(who);
        std::string to;
        words >> to;
        step(member, VoteFailed{find(to).id,
                                {.candidate = member.id,
                                 .epoch = member.quorum->state().epoch,
                                 .last = member.quorum->log().end(),
                                 .pre_vote = member.quorum->role() == RoleName::prospective,
                                 .candidate_directory_id = member.directory_id}});
    } else if (verb == "lost") {
        step(find(who), FetchFailed{});
    } else if (verb == "snapshot") {
        Member& member = find(who);
        const Offset end = member.quorum->high_watermark();
        member.snapshot = {end, member.quorum->log().epoch_before(end)};
        step(member, SnapshotTaken{.id = member.snapshot, .drops_log = true});
    } else if (verb == "crash" || verb == "power") {
        Member& member = find(who);
        if (verb == "power") member.log.resize(member.flushed);
        member.quorum.reset();
        forget_mail_of(member.id);
    } else if (verb == "restart") {
        boot(find(who));
    } else if (verb == "log") {
        for (const Member& member : members_) say(log_of(member));
    } else {
        UNREACHABLE("unknown command '{}'", command);
    }
    return out_;
}

std::string Conversation::replay(const std::string& transcript, const BugSet* bugs,
                                 std::vector<std::string>* violations) {
    Conversation conversation(bugs);
    std::istringstream lines(transcript);
    std::string text;
    for (std::string line; std::getline(lines, line);) {
        if (line.empty() || line[0] == '#') {
            text += line + "\n";
        } else if (line[0] == '>') {
            text += line + "\n" + conversation.obey(line.substr(2));
        }
    }
    if (violations != nullptr) *violations = conversation.violations();
    return text;
}

}  // namespace squall::model::raft
