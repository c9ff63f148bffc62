#include <optional>
#include <utility>

#include "scenarios/faults/kinds.h"

namespace squall::scenarios {
namespace {

// Which frames of the target's machines are meant.
struct Frames {
    bool in = true;
    bool out = true;
    std::optional<Target> peer;  // nullopt: everyone
    std::string label;           // empty: all, and connection attempts
    std::uint32_t skip = 0;
    std::optional<std::uint32_t> count;  // on each direction between two machines; nullopt: all
    std::uint32_t per_million = 1'000'000;
};

// A rule of the network for each direction and peer, for as long as the fault lasts.
class DisturbedFrames final : public Fault {
  public:
    DisturbedFrames(Frames frames, sim::Disturbance disturbance)
        : frames_(std::move(frames)), disturbance_(std::move(disturbance)) {}

    void strike(FaultContext& context) override {
        if (!frames_.peer) {
            for (const Machine* machine : context.machines) {
                add(context, machine->node->id(), std::nullopt);
            }
            return;
        }
        const std::vector<Machine*> peers = aim(*frames_.peer, context.cluster, context.draws);
        for (const Machine* machine : context.machines) {
            for (const Machine* peer : peers) {
                if (peer != machine) add(context, machine->node->id(), peer->node->id());
            }
        }
    }
    void heal(FaultContext& context) override {
        for (const sim::RuleId rule : rules_) context.cluster.network().remove_rule(rule);
        rules_.clear();
    }

  private:
    void add(FaultContext& context, sim::NodeId node, std::optional<sim::NodeId> peer) {
        sim::Rule rule{.fault_id = context.id,
                       .label = frames_.label,
                       .skip = frames_.skip,
                       .count = frames_.count,
                       .per_million = frames_.per_million,
                       .disturbance = disturbance_};
        if (frames_.in) {
            rule.from = peer;
            rule.to = node;
            rules_.push_back(context.cluster.network().add_rule(rule));
        }
        if (frames_.out) {
            rule.from = node;
            rule.to = peer;
            rules_.push_back(context.cluster.network().add_rule(rule));
        }
    }

    Frames frames_;
    sim::Disturbance disturbance_;
    std::vector<sim::RuleId> rules_;
};

Result<Frames> frames_of(const FaultOptions& options, std::string_view per_million) {
    Frames frames;
    const auto direction = choice_option(options, "direction", {"both", "in", "out"});
    if (!direction) return direction.error();
    frames.in = *direction != "out";
    frames.out = *direction != "in";
    if (const std::string peer = text_option(options, "peer", "everyone"); peer != "everyone") {
        Result<Target> target = parse_target(peer);
        if (!target) {
            return Error{Failure::invalid_input, "peer: " + target.error().detail};
        }
        frames.peer = std::move(target).value();
    }
    frames.label = text_option(options, "label", "");
    const auto skip = bounded_option(options, "skip", "0", 0, INT32_MAX);
    if (!skip) return skip.error();
    frames.skip = static_cast<std::uint32_t>(*skip);
    if (text_option(options, "count", "all") != "all") {
        const auto count = bounded_option(options, "count", "all", 1, INT32_MAX);
        if (!count) return count.error();
        frames.count = static_cast<std::uint32_t>(*count);
    }
    const auto chance = bounded_option(options, "per_million", per_million, 1, 1'000'000);
    if (!chance) return chance.error();
    frames.per_million = static_cast<std::uint32_t>(*chance);
    return frames;
}

std::vector<FaultOptionEntry> frame_options(std::string_view per_million,
                                            std::vector<FaultOptionEntry> own = {}) {
    own.push_back({"direction", "\"in\": to the target; \"out\": from it; \"both\"", "both"});
    own.push_back({"peer", "\"everyone\", or a target: whom it talks with", "everyone", true});
    own.push_back({"label", "of the frames, as \"Fetch\" or \"Fetch reply\"; empty: all", ""});
    own.push_back({"skip", "so many matching frames pass first", "0"});
    own.push_back({"count", "then so many are disturbed, or \"all\"", "all"});
    own.push_back({"per_million", "chance of each", per_million});
    return own;
}

constexpr std::string_view always = "1000000";
constexpr std::string_view sometimes = "20000";

Result<std::unique_ptr<Fault>> make_disturbance(const FaultOptions& options,
                                                std::string_view per_million,
                                                sim::Disturbance disturbance) {
    Result<Frames> frames = frames_of(options, per_million);
    if (!frames) return frames.error();
    return std::unique_ptr<Fault>(
        std::make_unique<DisturbedFrames>(std::move(frames).value(), std::move(disturbance)));
}

Result<std::unique_ptr<Fault>> make_delay(const FaultOptions& options) {
    const auto extra = distribution_option(options, "extra", "lognormal(100ms, p99=1s)");
    if (!extra) return extra.error();
    return make_disturbance(options, always, sim::disturb::Delay{*extra});
}

Result<std::unique_ptr<Fault>> make_bandwidth(const FaultOptions& options) {
    const auto rate =
        bounded_option(options, "bits_per_second", "256000", 1'000, 1'000'000'000'000);
    if (!rate) return rate.error();
    return make_disturbance(options, always,
                            sim::disturb::Throttle{static_cast<std::uint64_t>(*rate)});
}

Result<std::unique_ptr<Fault>> make_replay(const FaultOptions& options) {
    const auto after = duration_option(options, "after", "200ms");
    if (!after) return after.error();
    return make_disturbance(options, sometimes, sim::disturb::Replay{*after});
}

}  // namespace

FaultEntry delay_fault() {
    return {.kind = "delay",
            .about = "frames take longer; those of one connection stay in order",
            .source = "a congested link, a far region, a follower that falls behind",
            .needs_broker = false,
            .options = frame_options(
                always, {{"extra", "on top of the link's latency", "lognormal(100ms, p99=1s)"}}),
            .make = make_delay};
}

FaultEntry bandwidth_fault() {
    return {
        .kind = "bandwidth",
        .about = "frames leave one after the other, at a lower rate; each direction has its own",
        .source = "a link that fell back to a lower speed, a throttled cloud volume or host",
        .needs_broker = false,
        .options = frame_options(always, {{"bits_per_second", "the rate", "256000"}}),
        .make = make_bandwidth};
}

FaultEntry stall_fault() {
    return {.kind = "stall",
            .about = "frames that match are held until it is healed, with all behind them",
            .source = "a black hole on the path, a full receive window",
            .needs_broker = false,
            .options = frame_options(always),
            .make = [](const FaultOptions& options) {
                return make_disturbance(options, always, sim::disturb::Stall{});
            }};
}

FaultEntry reset_fault() {
    return {.kind = "reset",
            .about = "connections break at frames that match; both ends learn of it",
            .source = "a restarted load balancer, a flapping link, a firewall's RST",
            .needs_broker = false,
            .options = frame_options(sometimes),
            .make = [](const FaultOptions& options) {
                return make_disturbance(options, sometimes, sim::disturb::Reset{});
            }};
}

FaultEntry half_open_fault() {
    return {.kind = "half-open",
            .about = "connections break at frames that match; only the sender learns of it",
            .source = "a middlebox that forgot the flow",
            .needs_broker = false,
            .options = frame_options(sometimes),
            .make = [](const FaultOptions& options) {
                return make_disturbance(options, sometimes, sim::disturb::HalfOpen{});
            }};
}

FaultEntry replay_fault() {
    return {
        .kind = "replay",
        .about = "requests that match are executed once more, over another connection",
        .source = "a proxy that retries, a duplicated flow after a failover",
        .needs_broker = false,
        .options = frame_options(sometimes, {{"after", "how long after the first time", "200ms"}}),
        .make = make_replay};
}

}  // namespace squall::scenarios
