// squall with a planted leak: an address of the host's memory gets into the trace. Only for the
// test that `doctor` notices and names the first event that differs.
#include <cstdint>
#include <memory>
#include <string_view>

#include "cli/cli.h"

namespace {

struct AddressLeaked {
    static constexpr std::string_view event_name = "AddressLeaked";
    std::uint64_t address = 0;

    template <class Self, class Fields>
    static void describe(Self& self, Fields& fields) {
        fields("address", self.address);
    }
};

void plant(squall::sim::Simulation& simulation) {
    simulation.control_at(squall::Time(std::chrono::seconds(2)), [&simulation] {
        const auto anything = std::make_unique<int>();
        simulation.trace().emit_as_harness(
            AddressLeaked{reinterpret_cast<std::uintptr_t>(anything.get())});
    });
}

}  // namespace

int main(int argc, char** argv) {
    return squall::cli::run_command_line(argc, argv, {.prepare = plant});
}
