#include <optional>
#include <utility>

#include "scenarios/faults/kinds.h"

namespace squall::scenarios {
namespace {

class MisdirectedWrite final : public Fault {
  public:
    MisdirectedWrite(std::string path, std::uint32_t sectors, std::optional<sim::StopReason> stop)
        : path_(std::move(path)), sectors_(sectors), stop_(stop) {}

    void strike(FaultContext& context) override {
        for (Machine* machine : context.machines) {
            if (stop_) machine->take_down(context.id, *stop_);
            machine->disk->misdirect(path_, sectors_, context.id);
        }
    }
    // Nobody writes them again. Who was stopped comes back and finds them.
    void heal(FaultContext& context) override {
        if (!stop_) return;
        for (Machine* machine : context.machines) machine->let_up(context.id);
    }

  private:
    std::string path_;
    std::uint32_t sectors_;
    std::optional<sim::StopReason> stop_;
};

Result<std::unique_ptr<Fault>> make_misdirected_write(const FaultOptions& options) {
    const auto sectors = bounded_option(options, "sectors", "1", 1, 100'000);
    if (!sectors) return sectors.error();
    const auto stop = choice_option(options, "stop", {"crash", "power-loss", "none"});
    if (!stop) return stop.error();
    std::optional<sim::StopReason> reason;
    if (*stop == "crash") reason = sim::StopReason::crash;
    if (*stop == "power-loss") reason = sim::StopReason::power_loss;
    return std::unique_ptr<Fault>(std::make_unique<MisdirectedWrite>(
        text_option(options, "path", ""), static_cast<std::uint32_t>(*sectors), reason));
}

}  // namespace

FaultEntry misdirected_write_fault() {
    return {.kind = "misdirected-write",
            .about =
                "what was written to a sector stands in another file, over what was there, and "
                "zeros stand where it should",
            .source = "a firmware that loses an address, a wrong remapping of sectors",
            .needs_broker = true,
            .options = {{"path", "only files that begin with it, as \"orders-0/\"", ""},
                        {"sectors", "how many", "1"},
                        {"stop", "\"crash\" or \"power-loss\" first, or \"none\": it runs on",
                         "crash"}},
            .make = make_misdirected_write};
}

}  // namespace squall::scenarios
