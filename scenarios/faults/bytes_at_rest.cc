#include <functional>
#include <optional>
#include <utility>

#include "scenarios/faults/kinds.h"

namespace squall::scenarios {
namespace {

// What becomes of bytes that a finished flush covered: `how_many` of the disk's units, in files
// that begin with the path.
using Spoil = void (sim::Disk::*)(std::string_view path, std::uint32_t how_many,
                                  std::string fault_id);

class SpoiledBytes final : public Fault {
  public:
    SpoiledBytes(Spoil spoil, std::string path, std::uint32_t how_many,
                 std::optional<sim::StopReason> stop)
        : spoil_(spoil), path_(std::move(path)), how_many_(how_many), stop_(stop) {}

    void strike(FaultContext& context) override {
        for (Machine* machine : context.machines) {
            if (stop_) machine->take_down(context.id, *stop_);
            std::invoke(spoil_, *machine->disk, path_, how_many_, context.id);
        }
    }
    // Nothing mends the bytes. Who was stopped comes back and finds them.
    void heal(FaultContext& context) override {
        if (!stop_) return;
        for (Machine* machine : context.machines) machine->let_up(context.id);
    }

  private:
    Spoil spoil_;
    std::string path_;
    std::uint32_t how_many_;
    std::optional<sim::StopReason> stop_;
};

Result<std::unique_ptr<Fault>> make_spoiled(const FaultOptions& options, Spoil spoil,
                                            std::string_view unit, std::int64_t most) {
    const auto how_many = bounded_option(options, unit, "1", 1, most);
    if (!how_many) return how_many.error();
    const auto stop = choice_option(options, "stop", {"crash", "power-loss", "none"});
    if (!stop) return stop.error();
    std::optional<sim::StopReason> reason;
    if (*stop == "crash") reason = sim::StopReason::crash;
    if (*stop == "power-loss") reason = sim::StopReason::power_loss;
    return std::unique_ptr<Fault>(std::make_unique<SpoiledBytes>(
        spoil, text_option(options, "path", ""), static_cast<std::uint32_t>(*how_many), reason));
}

std::vector<FaultOptionEntry> spoiling_options(FaultOptionEntry unit) {
    return {{"path", "only files that begin with it, as \"orders-0/\"", ""},
            unit,
            {"stop", "\"crash\" or \"power-loss\" first, or \"none\": it runs on", "crash"}};
}

}  // namespace

FaultEntry bit_rot_fault() {
    return {.kind = "bit-rot",
            .about =
                "bits of what was flushed flip at rest, as a process that is stopped will find "
                "when it is healed: started again",
            .source = "cosmic rays, a failing controller, firmware",
            .needs_broker = true,
            .options = spoiling_options({"bits", "how many, each in another byte", "1"}),
            .make = [](const FaultOptions& options) {
                return make_spoiled(options, &sim::Disk::rot, "bits", 1'000'000);
            }};
}

FaultEntry misdirected_write_fault() {
    return {.kind = "misdirected-write",
            .about =
                "what was written to a sector stands in another file, over what was there, and "
                "zeros stand where it should",
            .source = "a firmware that loses an address, a wrong remapping of sectors",
            .needs_broker = true,
            .options = spoiling_options({"sectors", "how many", "1"}),
            .make = [](const FaultOptions& options) {
                return make_spoiled(options, &sim::Disk::misdirect, "sectors", 100'000);
            }};
}

}  // namespace squall::scenarios
