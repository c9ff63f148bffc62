#include <tuple>
#include <utility>

#include "scenarios/faults/kinds.h"

namespace squall::scenarios {
namespace {

class IoError final : public Fault {
  public:
    explicit IoError(sim::DiskFaults faults) : faults_(std::move(faults)) {}

    void strike(FaultContext& context) override {
        faults_.fault_id = context.id;
        for (Machine* machine : context.machines) machine->disk->set_faults(faults_);
    }
    // A broker whose log directory failed has halted: whoever replaced the device starts it.
    void heal(FaultContext& context) override {
        context.cluster.clear_disk_faults(context.id);
        for (Machine* machine : context.machines) machine->let_up(context.id);
    }

  private:
    sim::DiskFaults faults_;
};

Result<std::unique_ptr<Fault>> make_io_error(const FaultOptions& options) {
    sim::DiskFaults faults{.path_prefix = text_option(options, "path", "")};
    for (const auto& [name, default_value, rate] :
         {std::tuple{"write", "100000", &faults.write_error_per_million},
          std::tuple{"read", "0", &faults.read_error_per_million},
          std::tuple{"flush", "100000", &faults.flush_error_per_million}}) {
        const auto chance = bounded_option(options, name, default_value, 0, 1'000'000);
        if (!chance) return chance.error();
        *rate = static_cast<std::uint32_t>(*chance);
    }
    return std::unique_ptr<Fault>(std::make_unique<IoError>(std::move(faults)));
}

}  // namespace

FaultEntry io_error_fault() {
    return {
        .kind = "io-error",
        .about = "disk operations fail; healed: they work, and who halted is started",
        .source = "EIO, a dying device, a lost volume",
        .needs_broker = true,
        .options = {{"write", "chance of each write, per million", "100000"},
                    {"read", "of each read", "0"},
                    {"flush", "of each flush: what it covered may or may not be there", "100000"},
                    {"path", "only files that begin with it, as \"orders-0/\"", ""}},
        .make = make_io_error};
}

}  // namespace squall::scenarios
