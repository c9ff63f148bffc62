#include "tests/exhaustive/raft_world.h"

#include <algorithm>
#include <functional>
#include <type_traits>
#include <utility>
#include <variant>

#include "sim/base/assert.h"

namespace squall::exhaustive {

namespace {

using checkers::invariants::below;
using checkers::invariants::Entry;
using checkers::invariants::LogView;
using namespace model;
using namespace model::raft;

// Longer than any timeout, which are the shortest possible.
constexpr Duration long_enough = 1s;

// When deadlines are says nothing here, since any timer may run out at any time; and draws of
// jitter matter only to deadlines. Fetches go to the other voters in turn.
struct WithoutTime {
    template <class Key, class T>
    static bool field(Key&, std::string_view name, const T&) {
        if constexpr (std::is_same_v<T, LocalTime> ||
                      std::is_same_v<T, std::map<BrokerId, LocalTime>>) {
            return true;
        } else if constexpr (std::is_same_v<T, std::uint32_t>) {
            // Whose turn it is to be asked for a leader is added where it matters.
            return name == "failed_elections" || name == "next_fetch_target";
        } else {
            return name == "attempt";
        }
    }
};

struct FetchFields {
    bool is_in_flight = false;
    std::uint32_t next_target = 0;
    template <class T>
    void operator()(std::string_view name, const T& member) {
        if constexpr (std::is_same_v<T, bool>) {
            if (name == "fetch_in_flight") is_in_flight = member;
        } else if constexpr (std::is_same_v<T, std::uint32_t>) {
            if (name == "next_fetch_target") next_target = member % (RaftWorld::voters - 1);
        }
    }
};

std::string place(const LogPosition& position) {
    return fmt::format("{} (epoch {})", position.offset, position.epoch);
}

std::string why(ErrorCode error) {
    return error == ErrorCode::none ? std::string() : fmt::format(" {}", to_string(error));
}

std::string text_of(const VoteRequest& m) {
    return fmt::format("{} epoch={} log ends at {}", m.pre_vote ? "PreVote" : "Vote", m.epoch,
                       place(m.last));
}
std::string text_of(const VoteResponse& m) {
    return fmt::format("{} epoch={} leader={}{}{}", m.pre_vote ? "PreVoteAnswer" : "VoteAnswer",
                       m.epoch, m.leader, m.granted ? " granted" : " refused", why(m.error));
}
std::string text_of(const BeginQuorumEpochRequest& m) {
    return fmt::format("BeginQuorumEpoch epoch={} leader={}", m.epoch, m.leader);
}
std::string text_of(const BeginQuorumEpochResponse& m) {
    return fmt::format("BeginQuorumEpochAnswer epoch={} leader={}{}", m.epoch, m.leader,
                       why(m.error));
}
std::string text_of(const EndQuorumEpochRequest& m) {
    std::string line = fmt::format("EndQuorumEpoch epoch={} successors=", m.epoch);
    for (const BrokerId successor : m.preferred_successors) line += fmt::format(" {}", successor);
    return line;
}
std::string text_of(const EndQuorumEpochResponse& m) {
    return fmt::format("EndQuorumEpochAnswer epoch={} leader={}{}", m.epoch, m.leader,
                       why(m.error));
}
std::string text_of(const FetchRequest& m) {
    return fmt::format("Fetch epoch={} from {} hw={}", m.epoch, place(m.position),
                       m.high_watermark);
}
std::string text_of(const FetchResponse& m) {
    std::string line = fmt::format("FetchAnswer epoch={} leader={} hw={}{}", m.epoch, m.leader,
                                   m.high_watermark, why(m.error));
    if (m.diverging) line += fmt::format(" diverging at {}", place(*m.diverging));
    for (const BatchSpan& batch : m.batches) {
        line += fmt::format(" [{}: epoch {}]", batch.base_offset, batch.epoch);
    }
    return line;
}
std::string text_of(const FetchSnapshotRequest& m) {
    return fmt::format("FetchSnapshot epoch={} {}", m.epoch, place(m.snapshot));
}
std::string text_of(const FetchSnapshotResponse& m) {
    return fmt::format("FetchSnapshotAnswer epoch={} {}{}", m.epoch, place(m.snapshot),
                       why(m.error));
}
std::string text_of(const Message& message) {
    return std::visit([](const auto& m) { return text_of(m); }, message);
}

BrokerId id_of(int member) {
    return BrokerId{member + 1};
}
int member_of(BrokerId id) {
    return id.value() - 1;
}

}  // namespace

RaftWorld::RaftWorld(RaftBounds bounds, const BugSet* bugs) : bounds_(bounds), bugs_(bugs) {
    ASSERT(bounds.epochs <= epochs_max && bounds.in_flight <= in_flight_max &&
               bounds.epochs + bounds.records <= log_max,
           "bounds beyond what a state can say");
    for (int member = 0; member < voters; ++member)
        options_.voters.push_back({id_of(member), "", 0});
    options_.election_timeout = 1ms;
    options_.election_backoff_max = 1ms;
    options_.fetch_timeout = {};
    options_.request_timeout = {};
    options_.retry_backoff = {};
    invariants_ = {{"election safety", &RaftWorld::has_one_leader_per_epoch},
                   {"one vote per epoch", &RaftWorld::has_one_vote_per_epoch},
                   {"log matching", &RaftWorld::has_matching_logs},
                   {"leader completeness", &RaftWorld::has_complete_leaders},
                   {"state machine safety", &RaftWorld::has_one_committed_history},
                   {"assertion of a decider", &RaftWorld::is_free_of_failures}};
}

// ---- local states and messages ----

QuorumConfig RaftWorld::config_of(int member) const {
    return {.self = id_of(member), .options = options_, .jitter_seed = 0, .bugs = bugs_};
}

RaftWorld::Member RaftWorld::look_at(Quorum quorum, QuorumState durable, LocalTime now) {
    Member member{.quorum = std::move(quorum), .durable = durable, .now = now, .log = {}};
    for (Offset end{1}; end <= member.quorum.log().log_end(); ++end) {
        member.log.push_back({.epoch = member.quorum.log().epoch_before(end).value()});
    }
    member.high_watermark = static_cast<std::size_t>(member.quorum.high_watermark().value());
    member.epoch = member.quorum.state().epoch.value();
    FetchFields fetch;
    Quorum::describe(member.quorum, fetch);
    member.has_fetch_in_flight = fetch.is_in_flight;
    member.next_fetch_target = fetch.next_target;
    return member;
}

std::uint32_t RaftWorld::number_of(Member member) {
    KeyWriter<WithoutTime> key;
    key.value(member.quorum);
    key.value(member.durable);
    if (bounds_.searches) key.value(member.next_fetch_target);
    return members_.number_of(std::move(key).key(), std::move(member));
}

std::uint16_t RaftWorld::number_of(Mail mail) {
    const std::string key = fmt::format("{} {} {}", mail.from, mail.to, text_of(mail.message));
    const std::uint32_t number = mail_.number_of(key, std::move(mail));
    ASSERT(number < 0xffff, "more distinct messages than a state can name");
    return static_cast<std::uint16_t>(number + 1);
}

std::uint8_t RaftWorld::note_failure(const std::string& text) {
    failures_.push_back(text);
    return static_cast<std::uint8_t>(std::min<std::size_t>(failures_.size(), 255));
}

// ---- what can happen ----

RaftWorld::State RaftWorld::initial() {
    State state{};
    for (int self = 0; self < voters; ++self) {
        Quorum quorum(config_of(self), {}, {});
        quorum.step(Boot{}, LocalTime{});  // its first Fetch finds nobody
        state.members[static_cast<std::size_t>(self)] =
            number_of(look_at(std::move(quorum), {}, LocalTime{}));
    }
    return state;
}

void RaftWorld::actions(const State& state, std::vector<Action>& into) const {
    for (const std::uint16_t mail : state.in_flight) {
        if (mail == 0) continue;
        const auto to = static_cast<std::uint8_t>(mail_[mail - 1u].to);
        into.push_back({Kind::arrives, to, mail});
        into.push_back({Kind::is_lost, to, mail});
        if (state.duplicates < bounds_.duplicates) {
            into.push_back({Kind::arrives_and_stays, to, mail});
        }
    }
    const bool may_fail = state.failed_calls < bounds_.failed_calls;
    for (std::uint8_t self = 0; self < voters; ++self) {
        const Member& member = members_[state.members[self]];
        if (state.timeouts < bounds_.timeouts) into.push_back({Kind::timer, self});
        const bool searches = member.quorum.role() == RoleName::unattached;
        if (may_fail && member.has_fetch_in_flight && (bounds_.searches || !searches)) {
            into.push_back({Kind::fetch_fails, self});
        }
        if (may_fail && member.quorum.role() == RoleName::candidate) {
            for (std::uint16_t voter = 0; voter < voters; ++voter) {
                if (voter != self) into.push_back({Kind::vote_fails, self, voter});
            }
        }
        if (member.quorum.log().flushed_end() < member.quorum.log().log_end()) {
            into.push_back({Kind::flush, self});
        }
        if (member.quorum.is_leader() && state.proposed < bounds_.records) {
            into.push_back({Kind::propose, self});
        }
        if (state.power_losses < bounds_.power_losses) into.push_back({Kind::power_loss, self});
    }
}

std::optional<RaftWorld::State> RaftWorld::apply(const State& state, const Action& action) {
    State next = state;
    const auto forget_mail = [&] { *std::ranges::find(next.in_flight, action.what) = 0; };
    switch (action.kind) {
        case Kind::arrives:
            forget_mail();
            break;
        case Kind::is_lost:
            forget_mail();
            std::ranges::sort(next.in_flight, std::greater<>());
            return next;
        case Kind::arrives_and_stays:
            ++next.duplicates;
            break;
        case Kind::propose:
            ++next.proposed;
            break;
        case Kind::power_loss:
            ++next.power_losses;
            break;
        case Kind::timer:
            ++next.timeouts;
            break;
        case Kind::fetch_fails:
        case Kind::vote_fails:
            ++next.failed_calls;
            break;
        case Kind::flush:
            break;
    }
    const Outcome& outcome = outcome_of(state, action);
    next.members[action.member] = outcome.member;
    for (const std::uint16_t sent : outcome.sent) {
        if (std::ranges::find(next.in_flight, sent) != next.in_flight.end()) continue;
        const auto room = std::ranges::find(next.in_flight, std::uint16_t{0});
        if (room == next.in_flight.end()) return std::nullopt;
        *room = sent;
    }
    std::ranges::sort(next.in_flight, std::greater<>());
    const auto under_way =
        std::ranges::count_if(next.in_flight, [](std::uint16_t mail) { return mail != 0; });
    if (under_way > bounds_.in_flight) return std::nullopt;
    next.failure = outcome.failure;
    if (!remember(next, action.member, outcome)) return std::nullopt;
    return next;
}

// What is so now was once so. False: it is beyond the bounds.
bool RaftWorld::remember(State& state, int self, const Outcome& outcome) const {
    const auto number = static_cast<std::size_t>(self);
    const Member& member = members_[state.members[number]];
    if (member.epoch > bounds_.epochs) return false;
    ASSERT(member.log.size() <= log_max, "a log of {} records", member.log.size());
    if (member.epoch > 0) {
        const auto epoch = static_cast<std::size_t>(member.epoch - 1);
        if (member.quorum.is_leader()) {
            state.leaders[epoch] = static_cast<std::uint8_t>(state.leaders[epoch] | 1 << self);
        }
        if (outcome.voted_for >= 0) {
            std::uint8_t& votes = state.votes[epoch * voters + number];
            votes = static_cast<std::uint8_t>(votes | 1 << outcome.voted_for);
        }
    }
    for (std::size_t offset = 0; offset < member.high_watermark; ++offset) {
        if (state.committed[offset] != 0) continue;
        state.committed[offset] = static_cast<std::uint8_t>(member.log[offset].epoch);
        state.committed_in[offset] = static_cast<std::uint8_t>(member.epoch);
    }
    return true;
}

// ---- steps of the decider ----

const RaftWorld::Outcome& RaftWorld::outcome_of(const State& state, const Action& action) {
    const std::uint32_t local = state.members[action.member];
    // A message that arrives is the same input whether or not a copy of it stays.
    const Kind kind = action.kind == Kind::arrives_and_stays ? Kind::arrives : action.kind;
    const std::uint32_t input = static_cast<std::uint32_t>(kind) << 16 | action.what;
    if (const auto known = memory_.find(local, input)) return outcomes_[*known];
    Outcome outcome = step(local, action.member, {kind, action.member, action.what});
    memory_.insert(local, input, static_cast<std::uint32_t>(outcomes_.size()));
    return outcomes_.emplace_back(std::move(outcome));
}

RaftWorld::Outcome RaftWorld::step(std::uint32_t number, int self, const Action& action) {
    Member after = members_[number];
    Outcome outcome{.member = number, .sent = {}};
    Input input;
    const Message* request = nullptr;
    switch (action.kind) {
        case Kind::timer:
            after.now += long_enough;
            input = Tick{};
            break;
        case Kind::arrives:
        case Kind::arrives_and_stays:
        case Kind::is_lost:
            request = &mail_[action.what - 1u].message;
            input = Received{*request};
            break;
        case Kind::fetch_fails:
            input = FetchFailed{};
            break;
        case Kind::vote_fails:
            input = VoteFailed{.voter = id_of(action.what),
                               .request = {.candidate = id_of(self),
                                           .epoch = after.quorum.state().epoch,
                                           .last = after.quorum.log().end()}};
            break;
        case Kind::flush:
            input = LogFlushed{after.quorum.log().log_end()};
            break;
        case Kind::propose:
            input = Propose{1};
            break;
        case Kind::power_loss: {
            LogSummary log = after.quorum.log();
            log.truncate(log.flushed_end());
            after.quorum = Quorum(config_of(self), after.durable, log);
            input = Boot{};
            break;
        }
    }
    try {
        Output output = after.quorum.step(input, after.now);
        if (output.fatal) {
            outcome.failure = note_failure(*output.fatal);
            return outcome;
        }
        carry_out(std::move(output), request, after, self, outcome);
    } catch (const AssertionFailure& failure) {
        outcome.failure = note_failure(failure.describe_failure());
    }
    return outcome;
}

void RaftWorld::carry_out(Output output, const Message* request, Member& after, int self,
                          Outcome& outcome) {
    if (output.persist_state) after.durable = *output.persist_state;
    after = look_at(std::move(after.quorum), after.durable, after.now);
    if (output.vote_granted) outcome.voted_for = member_of(after.quorum.state().voted);
    if (output.reply) {
        int to = 0;
        if (const auto* vote = std::get_if<VoteRequest>(request)) to = member_of(vote->candidate);
        if (const auto* begin = std::get_if<BeginQuorumEpochRequest>(request)) {
            to = member_of(begin->leader);
        }
        if (const auto* end = std::get_if<EndQuorumEpochRequest>(request)) {
            to = member_of(end->leader);
        }
        if (const auto* fetch = std::get_if<FetchRequest>(request)) {
            to = member_of(fetch->replica);
            add_batches(*fetch, after, std::get<FetchResponse>(*output.reply));
        }
        outcome.sent.push_back(
            number_of(Mail{.from = self, .to = to, .message = *std::move(output.reply)}));
    }
    for (Outbound& outbound : output.send) {
        const bool is_search = std::holds_alternative<FetchRequest>(outbound.message) &&
                               after.quorum.role() == RoleName::unattached;
        if (is_search && !bounds_.searches) continue;
        outcome.sent.push_back(number_of(Mail{
            .from = self, .to = member_of(outbound.to), .message = std::move(outbound.message)}));
    }
    outcome.member = number_of(std::move(after));
}

void RaftWorld::add_batches(const FetchRequest& request, const Member& leader,
                            FetchResponse& response) const {
    if (response.error != ErrorCode::none || response.diverging || response.snapshot) return;
    for (Offset at = request.position.offset; at < leader.quorum.log().log_end(); ++at) {
        response.batches.push_back({.base_offset = at,
                                    .last_offset = at,
                                    .epoch = leader.quorum.log().epoch_before(at.next())});
    }
}

// ---- invariants ----

bool RaftWorld::has_one_leader_per_epoch(const State& state) const {
    return std::ranges::all_of(state.leaders, [](std::uint8_t members) {
        return checkers::invariants::is_at_most_one(members);
    });
}

bool RaftWorld::has_one_vote_per_epoch(const State& state) const {
    return std::ranges::all_of(state.votes, [](std::uint8_t candidates) {
        return checkers::invariants::is_at_most_one(candidates);
    });
}

bool RaftWorld::has_matching_logs(const State& state) const {
    const LogView a = members_[state.members[0]].log;
    const LogView b = members_[state.members[1]].log;
    const LogView c = members_[state.members[2]].log;
    using checkers::invariants::is_log_matching;
    return is_log_matching(a, b) && is_log_matching(b, c) && is_log_matching(a, c);
}

bool RaftWorld::has_complete_leaders(const State& state) const {
    for (const std::uint32_t number : state.members) {
        const Member& member = members_[number];
        if (!member.quorum.is_leader()) continue;
        std::array<Entry, log_max> committed;
        std::size_t end = 0;
        while (end < log_max && state.committed[end] != 0 &&
               state.committed_in[end] < member.epoch) {
            committed[end].epoch = state.committed[end];
            ++end;
        }
        if (!checkers::invariants::holds_all(member.log, below(committed, end))) return false;
    }
    return true;
}

bool RaftWorld::has_one_committed_history(const State& state) const {
    std::array<Entry, log_max> committed;
    std::size_t end = 0;
    for (; end < log_max && state.committed[end] != 0; ++end) {
        committed[end].epoch = state.committed[end];
    }
    return std::ranges::all_of(state.members, [&](std::uint32_t number) {
        const Member& member = members_[number];
        return checkers::invariants::holds_all(below(committed, end),
                                               below(member.log, member.high_watermark));
    });
}

bool RaftWorld::is_free_of_failures(const State& state) const {
    return state.failure == 0;
}

// ---- words ----

std::string RaftWorld::narrate(const State& before, const Action& action,
                               const State& after) const {
    const std::string who = fmt::format("S{}", action.member + 1);
    std::string line;
    switch (action.kind) {
        case Kind::timer:
            line = fmt::format("{}: a timer runs out", who);
            break;
        case Kind::arrives:
        case Kind::arrives_and_stays:
        case Kind::is_lost: {
            const Mail& mail = mail_[action.what - 1u];
            line = fmt::format("S{} -> {}: {}{}", mail.from + 1, who, text_of(mail.message),
                               action.kind == Kind::is_lost             ? "  (lost)"
                               : action.kind == Kind::arrives_and_stays ? "  (and will come again)"
                                                                        : "");
            break;
        }
        case Kind::fetch_fails:
            line = fmt::format("{}: its Fetch has failed", who);
            break;
        case Kind::vote_fails:
            line =
                fmt::format("{}: its request for the vote of S{} has failed", who, action.what + 1);
            break;
        case Kind::flush:
            line = fmt::format("{}: what it wrote is durable", who);
            break;
        case Kind::propose:
            line = fmt::format("{}: takes a record", who);
            break;
        case Kind::power_loss:
            line = fmt::format("{}: loses power and starts again", who);
            break;
    }
    if (after.failure != 0) return line + ": " + failures_[after.failure - 1u];
    const Quorum& was = members_[before.members[action.member]].quorum;
    const Member& member = members_[after.members[action.member]];
    if (was.role() != member.quorum.role() || was.state().epoch != member.quorum.state().epoch) {
        line += fmt::format("; {} is {} in epoch {}", who, to_string(member.quorum.role()),
                            member.epoch);
    }
    if (was.high_watermark() != member.quorum.high_watermark()) {
        line += fmt::format("; high watermark {}", member.high_watermark);
    }
    return line;
}

std::string RaftWorld::show(const State& state) const {
    std::string text;
    for (std::size_t self = 0; self < voters; ++self) {
        const Member& member = members_[state.members[self]];
        text += fmt::format("     S{} {} epoch {}, log", self + 1, to_string(member.quorum.role()),
                            member.epoch);
        for (std::size_t offset = 0; offset <= member.log.size(); ++offset) {
            if (offset == member.high_watermark) text += " |";
            if (offset < member.log.size()) text += fmt::format(" {}", member.log[offset].epoch);
        }
        text += '\n';
    }
    return text;
}

std::string RaftWorld::figures() const {
    return fmt::format("{} states of members, {} messages, {} steps of deciders", members_.size(),
                       mail_.size(), memory_.size());
}

}  // namespace squall::exhaustive
