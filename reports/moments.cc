#include "reports/moments.h"

#include <fmt/core.h>

#include <algorithm>
#include <cctype>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <tuple>
#include <utility>

#include "model/events/client_events.h"
#include "model/events/controller_events.h"
#include "model/events/raft_events.h"
#include "model/events/replica_events.h"
#include "model/protocol/partition_list.h"
#include "sim/trace/sim_events.h"

namespace squall::reports {
namespace {

using model::TopicPartition;

constexpr Duration consequences = 15s;  // how long after a fault a leader's move is its doing
constexpr Duration longest_scene = 30s;
constexpr Duration before_the_fault = 60ms;
constexpr std::size_t most_frames = 26;

bool is_internal(const TopicPartition& partition) {
    return partition.topic.starts_with("__");
}

// "leader(orders-0) = b1, b2" struck b1 and b2; a target without an equals sign is itself.
bool was_struck(const std::string& target, const std::string& machine) {
    const std::size_t equals = target.rfind('=');
    std::size_t begin = equals == std::string::npos ? 0 : equals + 1;
    while (begin < target.size()) {
        const std::size_t end = std::min(target.find(',', begin), target.size());
        std::string name = target.substr(begin, end - begin);
        name.erase(0, std::min(name.find_first_not_of(' '), name.size()));
        if (name == machine) return true;
        begin = end + 1;
    }
    return false;
}

struct Focus {
    std::string title;
    Time begin;
    Time end;
    TopicPartition followed;
};

// Reads the trace once: which fault moved most leaders, which partition to follow, and when a
// client was told again that a record is safe there.
Focus choose_focus(const sim::Trace& trace) {
    struct Candidate {
        Time at;
        std::string title;
        std::string target;
        std::set<TopicPartition> moved;
        std::optional<Time> first_move;
    };
    std::vector<Candidate> faults;
    std::map<TopicPartition, model::BrokerId> leaders;
    std::map<model::BrokerId, std::string> brokers;
    std::vector<std::pair<Time, TopicPartition>> safe;
    trace.replay([&](const sim::Event& event) {
        if (const auto* fault = event.as<sim::FaultStarted>()) {
            faults.push_back(
                {.at = event.time,
                 .title = fmt::format("{}: {} {}", fault->id, fault->kind, fault->target),
                 .target = fault->target,
                 .moved = {},
                 .first_move = {}});
        } else if (const auto* started = event.as<model::BrokerStarted>()) {
            brokers[started->broker] = trace.node_name(event.node);
        } else if (const auto* completed = event.as<model::SendCompleted>()) {
            if (completed->outcome == model::Outcome::ok) {
                safe.emplace_back(event.time, completed->partition);
            }
        } else if (const auto* changed = event.as<model::PartitionChanged>()) {
            const auto [known, is_new] = leaders.try_emplace(changed->partition, changed->leader);
            const model::BrokerId before = std::exchange(known->second, changed->leader);
            if (is_new || before == changed->leader || is_internal(changed->partition)) return;
            // The latest fault that struck the old leader did it.
            const auto doer =
                std::find_if(faults.rbegin(), faults.rend(), [&](const auto& earlier) {
                    return event.time <= earlier.at + consequences &&
                           was_struck(earlier.target, brokers[before]);
                });
            if (doer == faults.rend()) return;
            doer->moved.insert(changed->partition);
            if (!doer->first_move) doer->first_move = event.time;
        }
    });
    const TopicPartition any = leaders.empty() ? TopicPartition{} : leaders.rbegin()->first;
    if (faults.empty()) return {"the beginning; nothing was broken", Time{}, Time(8s), any};

    const auto best = std::ranges::max_element(
        faults, {}, [](const Candidate& fault) { return fault.moved.size(); });
    Focus focus{best->title,
                best->at > Time(before_the_fault) ? best->at - before_the_fault : Time{},
                best->at + consequences, any};
    if (!best->moved.empty()) {
        focus.followed = *best->moved.begin();
        focus.end = best->at + longest_scene;
        for (const auto& [time, partition] : safe) {
            if (time > *best->first_move && partition == focus.followed) {
                focus.end = std::min(focus.end, time + 1ms);
                break;
            }
        }
    }
    return focus;
}

// Chatter that goes on all the time says little: 0 is never shown.
std::uint32_t weight_of_label(std::string_view label) {
    if (label.starts_with("ApiVersions")) return 0;
    if (label == "Produce" || label == "Produce reply") return 30;
    if (label.ends_with(" reply")) return 0;
    if (label.starts_with("Fetch")) return 4;
    if (label.starts_with("Heartbeat") || label.starts_with("Offset")) return 2;
    if (label.starts_with("BrokerHeartbeat")) return 6;
    if (label.starts_with("Metadata") || label.starts_with("FindCoordinator")) return 12;
    return 20;
}

// 0 controllers, 1 brokers, 2 clients.
int rank_of(const std::string& name) {
    const bool is_numbered =
        name.size() >= 2 && std::isdigit(static_cast<unsigned char>(name[1])) != 0;
    return is_numbered && name[0] == 'c' ? 0 : is_numbered && name[0] == 'b' ? 1 : 2;
}

// Which machines get a lane: the cluster, the busiest producer, the busiest other client, and
// clients that a fault struck.
class Cast {
  public:
    void observe(const sim::Trace& trace, const sim::Event& event) {
        const std::string node(trace.node_name(event.node));
        if (rank_of(node) < 2) machines_.insert(node);
        if (rank_of(node) < 2 || node == "harness") return;
        if (const auto* frame = event.as<sim::FrameSent>()) {
            clients_.insert(node);
            const bool writes = frame->label == "Produce";
            (writes ? writers_ : readers_)[node] += weight_of_label(frame->label) > 4 ? 1 : 0;
        } else if (event.as<sim::NodeStopped>() != nullptr) {
            struck_.insert(node);
        }
    }
    std::vector<std::string> lanes() const {
        std::set<std::string> names = machines_;
        names.insert(struck_.begin(), struck_.end());
        const std::string writer = busiest(writers_, {});
        if (!writer.empty()) names.insert(writer);
        const std::string reader = busiest(readers_, writer);
        if (!reader.empty()) names.insert(reader);
        std::vector<std::string> sorted(names.begin(), names.end());
        std::ranges::stable_sort(sorted, {}, rank_of);
        return sorted;
    }
    std::uint64_t clients_without(const std::vector<std::string>& lanes) const {
        return static_cast<std::uint64_t>(std::ranges::count_if(clients_, [&](const auto& name) {
            return std::ranges::find(lanes, name) == lanes.end();
        }));
    }

  private:
    static std::string busiest(const std::map<std::string, std::uint64_t>& counts,
                               const std::string& but) {
        std::string best;
        std::uint64_t most = 0;
        for (const auto& [name, count] : counts) {
            if (name == but || count <= most) continue;
            best = name;
            most = count;
        }
        return best;
    }

    std::set<std::string> machines_;
    std::set<std::string> clients_;
    std::set<std::string> struck_;
    std::map<std::string, std::uint64_t> writers_;
    std::map<std::string, std::uint64_t> readers_;
};

class Director {
  public:
    Director(const sim::Trace& trace, const Focus& focus, const Cast& cast)
        : trace_(trace), focus_(focus) {
        scene_.title = focus.title;
        scene_.followed = focus.followed.topic.empty() ? "" : to_string(focus.followed);
        scene_.lanes = cast.lanes();
        scene_.hidden_machines = cast.clients_without(scene_.lanes);
    }

    void observe(const sim::Event& event) {
        const bool is_before = event.time < focus_.begin;
        const std::string node(trace_.node_name(event.node));
        if (const auto* started = event.as<model::BrokerStarted>()) {
            brokers_[started->broker] = node;
        }
        if (const auto* changed = event.as<model::PartitionChanged>()) {
            change_partition(event, *changed);
        } else if (is_before) {
            if (event.as<sim::NodeStopped>() != nullptr) down_.insert(node);
            if (event.as<sim::NodeStarted>() != nullptr) down_.erase(node);
        } else if (const auto* disturbed = event.as<sim::FrameDisturbed>()) {
            disturb(event, *disturbed);
        } else if (const auto* lost = event.as<sim::FrameLost>()) {
            lose(event, *lost);
        } else if (event.time <= focus_.end) {
            tell(event, node);
        }
    }

    Scene finish() {
        scene_.down.assign(down_.begin(), down_.end());
        drop_the_least();
        for (Draft& draft : drafts_) {
            if (!draft.partitions.empty()) {
                const std::string list = model::list_partitions(draft.partitions);
                draft.moment.text = fmt::format(fmt::runtime(draft.moment.text), list);
            }
            scene_.moments.push_back(std::move(draft.moment));
        }
        return std::move(scene_);
    }

  private:
    struct Draft {
        Moment moment;
        std::uint32_t weight = 0;                // of a frame
        std::vector<TopicPartition> partitions;  // fill the {} of the text
    };

    bool has_lane(const std::string& name) const {
        return std::ranges::find(scene_.lanes, name) != scene_.lanes.end();
    }
    std::string name_of(model::BrokerId broker) const {
        const auto known = brokers_.find(broker);
        return known == brokers_.end() ? std::string() : known->second;
    }

    // Things alike at one moment are told once.
    void fold(Moment moment, const TopicPartition& partition) {
        for (auto draft = drafts_.rbegin(); draft != drafts_.rend(); ++draft) {
            if (draft->moment.time + 5ms < moment.time) break;
            const Moment& earlier = draft->moment;
            if (draft->partitions.empty() || earlier.kind != moment.kind ||
                earlier.from != moment.from || earlier.to != moment.to ||
                earlier.text != moment.text) {
                continue;
            }
            draft->partitions.push_back(partition);
            draft->moment.moves_followed = draft->moment.moves_followed || moment.moves_followed;
            return;
        }
        drafts_.push_back({.moment = std::move(moment), .weight = 0, .partitions = {partition}});
    }
    void add(const sim::Event& event, MomentKind kind, const std::string& from, std::string text) {
        drafts_.push_back({.moment = {.time = event.time,
                                      .kind = kind,
                                      .from = from,
                                      .to = {},
                                      .text = std::move(text)},
                           .weight = 0,
                           .partitions = {}});
        if (kind != MomentKind::relief) turn();
    }
    // What is sent from here on is sent in a new situation.
    void turn() { shown_.clear(); }

    void change_partition(const sim::Event& event, const model::PartitionChanged& changed) {
        const auto [known, is_new] = leaders_.try_emplace(changed.partition, model::no_broker);
        const model::BrokerId before = std::exchange(known->second, changed.leader);
        const bool is_followed = changed.partition == focus_.followed;
        if (event.time < focus_.begin) {
            if (is_followed) scene_.leader = name_of(changed.leader);
            return;
        }
        if (event.time > focus_.end || is_internal(changed.partition)) return;
        if (before == changed.leader) {
            std::string isr;
            for (const model::BrokerId broker : changed.isr) {
                isr += (isr.empty() ? "" : ", ") + name_of(broker);
            }
            fold({.time = event.time,
                  .kind = MomentKind::decision,
                  .from = std::string(trace_.node_name(event.node)),
                  .to = {},
                  .text = "in sync for {}: " + isr},
                 changed.partition);
            return;
        }
        const bool is_lead = changed.leader != model::no_broker;
        fold({.time = event.time,
              .kind = MomentKind::leader_moved,
              .from = name_of(before),
              .to = name_of(changed.leader),
              .text = is_lead ? "new leader of {}" : "no leader left for {}",
              .moves_followed = is_followed},
             changed.partition);
        turn();
    }

    void tell(const sim::Event& event, const std::string& node) {
        if (const auto* fault = event.as<sim::FaultStarted>()) {
            add(event, MomentKind::fault, {},
                fmt::format("{}: {} {}", fault->id, fault->kind, fault->target));
        } else if (const auto* healed = event.as<sim::FaultHealed>()) {
            add(event, MomentKind::fault, {}, healed->id + " is over");
        } else if (const auto* frame = event.as<sim::FrameSent>()) {
            send(event, node, *frame);
        } else if (const auto* completed = event.as<model::SendCompleted>()) {
            if (completed->outcome == model::Outcome::ok && has_lane(node) &&
                completed->partition == focus_.followed && event.time + 1ms >= focus_.end) {
                relieve(event, node, completed->offset);
            }
        } else if (!has_lane(node)) {
            return;
        } else if (const auto* stopped = event.as<sim::NodeStopped>()) {
            if (stopped->reason == sim::StopReason::end_of_run) return;
            add(event, MomentKind::stop, node,
                stopped->reason == sim::StopReason::shutdown     ? "shuts down"
                : stopped->reason == sim::StopReason::power_loss ? "loses power"
                                                                 : "crashes");
        } else if (event.as<sim::NodeStarted>() != nullptr) {
            add(event, MomentKind::start, node, "starts again");
        } else if (const auto* fence = event.as<model::BrokerFenceChanged>()) {
            add(event, MomentKind::decision, node,
                fmt::format("{} {}", fence->fenced ? "fences" : "unfences",
                            name_of(fence->broker)));
        } else if (const auto* role = event.as<model::RoleTaken>()) {
            if (is_internal(role->partition)) return;
            fold({.time = event.time,
                  .kind = MomentKind::decision,
                  .from = node,
                  .to = {},
                  .text = role->role == model::ReplicaRole::leader ? "leads {}" : "follows in {}"},
                 role->partition);
        } else if (const auto* truncated = event.as<model::LogTruncated>()) {
            if (is_internal(truncated->partition)) return;
            fold({.time = event.time,
                  .kind = MomentKind::decision,
                  .from = node,
                  .to = {},
                  .text = "truncates {}"},
                 truncated->partition);
        }
    }

    // An answer settles a whole batch: its records are one relief.
    void relieve(const sim::Event& event, const std::string& node, model::Offset offset) {
        const bool goes_on = !drafts_.empty() && drafts_.back().moment.kind == MomentKind::relief &&
                             drafts_.back().moment.from == node;
        if (!goes_on) {
            first_safe_ = offset;
            add(event, MomentKind::relief, node,
                fmt::format("record safe in {} at offset {}", focus_.followed, offset));
            return;
        }
        drafts_.back().moment.text = fmt::format("records safe in {} at offsets {} to {}",
                                                 focus_.followed, first_safe_, offset);
    }

    void send(const sim::Event& event, const std::string& node, const sim::FrameSent& frame) {
        const std::string peer(trace_.node_name(frame.peer));
        const std::string label(frame.label);
        if (!has_lane(node) || !has_lane(peer)) return;
        const std::uint32_t weight = weight_of_label(label);
        if (weight == 0 || !shown_.insert({node, peer, label}).second) {
            ++scene_.hidden_frames;
            return;
        }
        frames_[event.sequence] = drafts_.size();
        drafts_.push_back({.moment = {.time = event.time,
                                      .kind = MomentKind::frame,
                                      .from = node,
                                      .to = peer,
                                      .text = label},
                           .weight = weight,
                           .partitions = {}});
    }

    void disturb(const sim::Event& event, const sim::FrameDisturbed& disturbed) {
        const auto found = frames_.find(event.cause);
        if (found == frames_.end()) return;
        Draft& draft = drafts_[found->second];
        if (disturbed.rule == "cut" || disturbed.rule == "stall") {
            draft.moment.kind = MomentKind::held_frame;
        }
        draft.moment.text += fmt::format(" ({}: {})", disturbed.rule, disturbed.rule_id);
        draft.weight += 100;
    }

    void lose(const sim::Event& event, const sim::FrameLost& lost) {
        const auto found = frames_.find(event.cause);
        if (found == frames_.end()) return;
        Draft& draft = drafts_[found->second];
        if (draft.moment.kind == MomentKind::held_frame) return;  // it would not have arrived
        draft.moment.kind = MomentKind::lost_frame;
        draft.moment.text += " (lost: " + lost.reason + ")";
        draft.weight += 100;
    }

    // Frames are many; what is left tells most.
    void drop_the_least() {
        std::vector<std::uint32_t> weights;
        for (const Draft& draft : drafts_) {
            if (draft.weight > 0) weights.push_back(draft.weight);
        }
        if (weights.size() <= most_frames) return;
        std::ranges::sort(weights, std::greater<>{});
        const std::uint32_t least = weights[most_frames - 1];
        // Of those that weigh the least of what stays, the first.
        auto room = most_frames - static_cast<std::size_t>(std::ranges::count_if(
                                      weights, [&](auto weight) { return weight > least; }));
        std::erase_if(drafts_, [&](const Draft& draft) {
            if (draft.weight == 0 || draft.weight > least) return false;
            if (draft.weight == least && room > 0) {
                --room;
                return false;
            }
            ++scene_.hidden_frames;
            return true;
        });
    }

    const sim::Trace& trace_;
    const Focus& focus_;
    Scene scene_;
    std::vector<Draft> drafts_;
    std::map<sim::EventSequence, std::size_t> frames_;  // FrameSent -> its draft
    std::set<std::tuple<std::string, std::string, std::string>> shown_;
    std::map<TopicPartition, model::BrokerId> leaders_;
    std::map<model::BrokerId, std::string> brokers_;
    std::set<std::string> down_;
    model::Offset first_safe_;  // of the relief told last
};

}  // namespace

Scene most_interesting_scene(const sim::Trace& trace) {
    const Focus focus = choose_focus(trace);
    Cast cast;
    trace.replay([&](const sim::Event& event) {
        if (event.time >= focus.begin && event.time <= focus.end) cast.observe(trace, event);
    });
    Director director(trace, focus, cast);
    trace.replay([&](const sim::Event& event) { director.observe(event); });
    return director.finish();
}

}  // namespace squall::reports
