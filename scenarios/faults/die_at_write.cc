#include "scenarios/faults/kinds.h"

namespace squall::scenarios {
namespace {

class DieAtWrite final : public Fault {
  public:
    // `after` 0: drawn.
    DieAtWrite(sim::StopReason reason, std::uint32_t after, std::string path_part)
        : reason_(reason), after_(after), path_part_(std::move(path_part)) {}

    void strike(FaultContext& context) override {
        for (Machine* machine : context.machines) {
            const std::uint64_t operations =
                after_ > 0 ? after_ : static_cast<std::uint64_t>(context.draws.between(1, 30));
            machine->hold_down(context.id);
            if (!machine->node->is_running()) continue;
            sim::Node& node = *machine->node;
            machine->disk->arm_death_after(
                operations, [&node, reason = reason_] { node.die_at_next_park(reason); },
                path_part_);
        }
    }
    // Whoever wrote too little lives on.
    void heal(FaultContext& context) override {
        for (Machine* machine : context.machines) {
            machine->disk->revive();
            machine->let_up(context.id);
        }
    }

  private:
    sim::StopReason reason_;
    std::uint32_t after_;
    std::string path_part_;
};

Result<std::unique_ptr<Fault>> make_die_at_write(const FaultOptions& options) {
    const auto by = choice_option(options, "by", {"power-loss", "crash"});
    if (!by) return by.error();
    const auto after = bounded_option(options, "after", "0", 0, 1'000'000);
    if (!after) return after.error();
    return std::unique_ptr<Fault>(std::make_unique<DieAtWrite>(
        *by == "crash" ? sim::StopReason::crash : sim::StopReason::power_loss,
        static_cast<std::uint32_t>(*after), text_option(options, "path", "")));
}

}  // namespace

FaultEntry die_at_write_fault() {
    return {.kind = "die-at-write",
            .about =
                "the machine dies right after a write of its own: between two that belong "
                "together; healed: booted",
            .source = "a cord yanked, or kill -9, in the middle of it",
            .needs_broker = true,
            .options = {{"after",
                         "which operation that changes the disk, from now; 0: drawn, 1 to "
                         "30",
                         "0"},
                        {"path",
                         "only operations count on files with this in their path, like "
                         "\".log.swap\"; none: all count",
                         ""},
                        {"by", "\"power-loss\": what is not flushed is lost or torn; \"crash\"",
                         "power-loss"}},
            .make = make_die_at_write};
}

}  // namespace squall::scenarios
