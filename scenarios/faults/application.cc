// What goes wrong inside an application: it happens where the application asks (mishaps.h).
#include <utility>

#include "model/patterns/mishaps.h"
#include "scenarios/faults/kinds.h"

namespace squall::scenarios {
namespace {

using model::Mishap;

// A supervisor starts again what died of it.
void begin_on(Machine& machine, Mishap mishap, Duration back, FaultContext& context) {
    sim::Simulation& simulation = context.cluster.simulation();
    mishap.fault_id = context.id;
    mishap.process_ends = [&simulation, &machine, back, id = context.id] {
        machine.hold_down(id);
        simulation.control_at(simulation.now() + back, [&machine, id] { machine.let_up(id); });
    };
    machine.mishaps.begin(std::move(mishap));
}

class MishapFault final : public Fault {
  public:
    MishapFault(Mishap mishap, Duration back) : mishap_(std::move(mishap)), back_(back) {}

    void strike(FaultContext& context) override {
        for (Machine* machine : context.machines) begin_on(*machine, mishap_, back_, context);
    }
    void heal(FaultContext& context) override {
        for (Machine* machine : context.machines) {
            machine->mishaps.end(context.id);
            machine->let_up(context.id);
        }
    }

  private:
    Mishap mishap_;
    Duration back_;
};

// All of the application have the code that cannot handle it, until it is mended.
class PoisonRecord final : public Fault {
  public:
    PoisonRecord(std::uint32_t count, Duration back) : count_(count), back_(back) {}

    void strike(FaultContext& context) override {
        for (const auto& machine : context.cluster.machines()) {
            begin_on(*machine, {.fault_id = {}, .kind = Mishap::Kind::chokes}, back_, context);
        }
        for (Machine* machine : context.machines) {
            begin_on(*machine, {.fault_id = {}, .kind = Mishap::Kind::poisons, .count = count_},
                     back_, context);
        }
    }
    void heal(FaultContext& context) override {
        for (const auto& machine : context.cluster.machines()) {
            machine->mishaps.end(context.id);
            machine->let_up(context.id);
        }
    }

  private:
    std::uint32_t count_;
    Duration back_;
};

constexpr std::string_view about_back = "how long until what died of it is started again";

Result<std::unique_ptr<Fault>> make_mishap(Mishap mishap, Duration back) {
    return std::unique_ptr<Fault>(std::make_unique<MishapFault>(std::move(mishap), back));
}

Result<std::unique_ptr<Fault>> make_slow_handler(const FaultOptions& options) {
    const auto extra = duration_option(options, "extra", "200ms");
    if (!extra) return extra.error();
    const auto chance = bounded_option(options, "per_million", "1000000", 1, 1'000'000);
    if (!chance) return chance.error();
    return make_mishap({.fault_id = {},
                        .kind = Mishap::Kind::slow,
                        .per_million = static_cast<std::uint32_t>(*chance),
                        .time = *extra},
                       {});
}

Result<std::unique_ptr<Fault>> make_handler_throws(const FaultOptions& options) {
    const auto back = duration_option(options, "back", "1s");
    if (!back) return back.error();
    const auto chance = bounded_option(options, "per_million", "100000", 1, 1'000'000);
    if (!chance) return chance.error();
    return make_mishap({.fault_id = {},
                        .kind = Mishap::Kind::throws,
                        .per_million = static_cast<std::uint32_t>(*chance)},
                       *back);
}

Result<std::unique_ptr<Fault>> make_poison_record(const FaultOptions& options) {
    const auto back = duration_option(options, "back", "2s");
    if (!back) return back.error();
    const auto count = bounded_option(options, "count", "1", 1, 1'000'000);
    if (!count) return count.error();
    return std::unique_ptr<Fault>(
        std::make_unique<PoisonRecord>(static_cast<std::uint32_t>(*count), *back));
}

Result<std::unique_ptr<Fault>> make_duplicate_send(const FaultOptions& options) {
    const auto chance = bounded_option(options, "per_million", "200000", 1, 1'000'000);
    if (!chance) return chance.error();
    return make_mishap({.fault_id = {},
                        .kind = Mishap::Kind::repeats,
                        .per_million = static_cast<std::uint32_t>(*chance)},
                       {});
}

Result<std::unique_ptr<Fault>> make_leave_group(const FaultOptions& options) {
    const auto away = duration_option(options, "away", "2s");
    if (!away) return away.error();
    return make_mishap({.fault_id = {}, .kind = Mishap::Kind::leaves, .time = *away, .count = 1},
                       {});
}

}  // namespace

FaultEntry slow_handler_fault() {
    return {.kind = "slow-handler",
            .about = "the application takes longer to handle a record",
            .source = "a slow database, a payment provider that hangs",
            .needs_broker = false,
            .options = {{"extra", "how much longer", "200ms"},
                        {"per_million", "chance of each record", "1000000"}},
            .make = make_slow_handler,
            .part = FaultEntry::Part::handler};
}

FaultEntry handler_throws_fault() {
    return {
        .kind = "handler-throws",
        .about = "an exception leaves the handler of a record, and the process dies of it",
        .source = "a null pointer, an assertion in a consumer's loop",
        .needs_broker = false,
        .options = {{"per_million", "chance of each record", "100000"}, {"back", about_back, "1s"}},
        .make = make_handler_throws,
        .part = FaultEntry::Part::handler};
}

FaultEntry poison_record_fault() {
    return {.kind = "poison-record",
            .about = "a record that kills whoever handles it, again and again; healed: they can",
            .source = "an event of a newer schema, a poison pill",
            .needs_broker = false,
            .options = {{"count", "how many", "1"}, {"back", about_back, "2s"}},
            .make = make_poison_record,
            .part = FaultEntry::Part::sender};
}

FaultEntry duplicate_send_fault() {
    return {.kind = "duplicate-send",
            .about = "the application sends a record twice",
            .source = "a retry around send(), a webhook that comes twice",
            .needs_broker = false,
            .options = {{"per_million", "chance of each record", "200000"}},
            .make = make_duplicate_send,
            .part = FaultEntry::Part::sender};
}

FaultEntry leave_group_fault() {
    return {.kind = "leave-group",
            .about = "a member leaves its group, stays away for a while, and joins it again",
            .source = "unsubscribe() and subscribe(), a scale-down that was taken back",
            .needs_broker = false,
            .options = {{"away", "how long", "2s"}},
            .make = make_leave_group,
            .part = FaultEntry::Part::handler};
}

}  // namespace squall::scenarios
