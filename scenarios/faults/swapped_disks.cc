#include <algorithm>
#include <optional>
#include <utility>

#include "model/log/meta_properties.h"
#include "scenarios/faults/kinds.h"

namespace squall::scenarios {
namespace {

// Whoever finds another node's meta.properties refuses to run; healed, each has its own disk again,
// so that nothing is lost. Who has none of its own to give is left alone: one that another such
// fault is at work on, and one whose disk says nobody's name yet, for whoever booted with that
// would make it theirs for good.
class SwappedDisks final : public Fault {
  public:
    explicit SwappedDisks(std::optional<Target> with) : with_(std::move(with)) {}

    void strike(FaultContext& context) override {
        Machine* const first = context.machines.front();
        if (!can_give(*first)) return;
        Machine* const second = other_than(*first, context);
        if (second == nullptr) {
            context.without_target.emplace_back("with");
            return;
        }
        pair_ = {first, second};
        exchange(context);
    }
    void heal(FaultContext& context) override {
        if (pair_) exchange(context);
    }

  private:
    static bool can_give(const Machine& machine) {
        return machine.disk != nullptr && machine.disk.get() == machine.own_disk &&
               machine.disk->exists(model::meta_properties_path);
    }

    Machine* other_than(const Machine& first, FaultContext& context) const {
        std::vector<Machine*> others;
        if (with_) {
            others = aim(*with_, context.cluster, context.draws);
        } else {
            for (const auto& machine : context.cluster.machines()) {
                if (machine->is_broker) others.push_back(machine.get());
            }
        }
        std::erase_if(others, [&](const Machine* machine) {
            return machine == &first || !can_give(*machine);
        });
        return others.empty() ? nullptr : others[context.draws.below(others.size())];
    }

    void exchange(FaultContext& context) {
        const auto [first, second] = *pair_;
        for (Machine* machine : {first, second}) {
            machine->take_down(context.id, sim::StopReason::crash);
        }
        context.cluster.swap_disks(*first, *second);
        for (Machine* machine : {first, second}) machine->let_up(context.id);
    }

    std::optional<Target> with_;  // nullopt: drawn
    std::optional<std::pair<Machine*, Machine*>> pair_;
};

constexpr std::string_view another = "another-broker";

Result<std::unique_ptr<Fault>> make_swapped_disks(const FaultOptions& options) {
    std::optional<Target> with;
    if (const std::string text = text_option(options, "with", another); text != another) {
        Result<Target> target = parse_target(text);
        if (!target) return Error{Failure::invalid_input, "with: " + target.error().detail};
        with = std::move(target).value();
    }
    return std::unique_ptr<Fault>(std::make_unique<SwappedDisks>(std::move(with)));
}

}  // namespace

FaultEntry swapped_disks_fault() {
    return {.kind = "swapped-disks",
            .about = "two machines are started with each other's disk; healed: with their own",
            .source = "volumes that were attached the wrong way round, a technician's mistake",
            .needs_broker = true,
            .options = {{"with", "a target: the other one", another, true}},
            .make = make_swapped_disks};
}

}  // namespace squall::scenarios
