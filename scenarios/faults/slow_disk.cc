#include "scenarios/faults/kinds.h"

namespace squall::scenarios {
namespace {

class SlowDisk final : public Fault {
  public:
    explicit SlowDisk(std::uint32_t percent) : percent_(percent) {}

    void strike(FaultContext& context) override {
        for (Machine* machine : context.machines) {
            machine->disk->set_faults({.fault_id = context.id, .slowdown_percent = percent_});
        }
    }
    void heal(FaultContext& context) override { context.cluster.clear_disk_faults(context.id); }

  private:
    std::uint32_t percent_;
};

Result<std::unique_ptr<Fault>> make_slow_disk(const FaultOptions& options) {
    const Result<std::int64_t> percent = number_option(options, "percent", "1000");
    if (!percent) return percent.error();
    if (*percent < 100 || *percent > 1'000'000) {
        return Error{Failure::invalid_input, "percent: expected 100 (normal) to 1000000"};
    }
    return std::unique_ptr<Fault>(std::make_unique<SlowDisk>(static_cast<std::uint32_t>(*percent)));
}

}  // namespace

FaultEntry slow_disk_fault() {
    return {.kind = "slow-disk",
            .about = "every disk operation takes longer",
            .source = "a neighbour on the same volume, a rebuilding RAID, a dying SSD",
            .needs_broker = true,
            .options = {{"percent", "of the normal time; 1000 is ten times as long", "1000"}},
            .make = make_slow_disk};
}

}  // namespace squall::scenarios
