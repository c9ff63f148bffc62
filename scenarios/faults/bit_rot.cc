#include <optional>
#include <utility>

#include "scenarios/faults/kinds.h"

namespace squall::scenarios {
namespace {

class BitRot final : public Fault {
  public:
    BitRot(std::string path, std::uint32_t bits, std::optional<sim::StopReason> stop)
        : path_(std::move(path)), bits_(bits), stop_(stop) {}

    void strike(FaultContext& context) override {
        for (Machine* machine : context.machines) {
            if (stop_) machine->take_down(context.id, *stop_);
            machine->disk->rot(path_, bits_, context.id);
        }
    }
    // Nothing mends the bits. Who was stopped comes back and finds them.
    void heal(FaultContext& context) override {
        if (!stop_) return;
        for (Machine* machine : context.machines) {
            machine->let_up(context.id);
        }
    }

  private:
    std::string path_;
    std::uint32_t bits_;
    std::optional<sim::StopReason> stop_;
};

Result<std::unique_ptr<Fault>> make_bit_rot(const FaultOptions& options) {
    const auto bits = bounded_option(options, "bits", "1", 1, 1'000'000);
    if (!bits) return bits.error();
    const auto stop = choice_option(options, "stop", {"crash", "power-loss", "none"});
    if (!stop) return stop.error();
    std::optional<sim::StopReason> reason;
    if (*stop == "crash") reason = sim::StopReason::crash;
    if (*stop == "power-loss") reason = sim::StopReason::power_loss;
    return std::unique_ptr<Fault>(std::make_unique<BitRot>(
        text_option(options, "path", ""), static_cast<std::uint32_t>(*bits), reason));
}

}  // namespace

FaultEntry bit_rot_fault() {
    return {.kind = "bit-rot",
            .about =
                "bits of what was flushed flip at rest, as a process that is stopped will find "
                "when it is healed: started again",
            .source = "cosmic rays, a failing controller, firmware",
            .needs_broker = true,
            .options = {{"path", "only files that begin with it, as \"orders-0/\"", ""},
                        {"bits", "how many, each in another byte", "1"},
                        {"stop", "\"crash\" or \"power-loss\" first, or \"none\": it runs on",
                         "crash"}},
            .make = make_bit_rot};
}

}  // namespace squall::scenarios
