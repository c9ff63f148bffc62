// Mishaps: what goes wrong inside an application while a fault says so. One for each machine; it
// outlives the processes of its machine. Applications ask it where something may go wrong, and it
// tells the trace what did, in their name.
//
//   slow     a record takes longer to handle
//   throws   an exception leaves the handler, and nobody catches it: the process dies
//   poisons  a record that is sent cannot be handled by those who choke on its poison
//   chokes   ... who throw each time that they meet one, until they are mended
//   repeats  the application sends a record twice
//   leaves   a member leaves its group, and joins it again
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "model/client/consumer/consumer_record.h"
#include "model/client/producer.h"
#include "sim/base/time.h"
#include "sim/kernel/node.h"

namespace squall::model {

struct Mishap {
    enum class Kind { slow, throws, poisons, chokes, repeats, leaves };

    std::string fault_id;
    Kind kind = Kind::slow;
    std::uint32_t per_million = 1'000'000;       // chance of each record
    Duration time{};                             // how much longer; how long it stays away
    std::optional<std::uint32_t> count{};        // so many times at most
    std::function<void()> process_ends = [] {};  // once it is certain that it will
};

class Mishaps {
  public:
    // ---- for faults ----

    void begin(Mishap mishap) { active_.push_back(std::move(mishap)); }
    void end(const std::string& fault_id);

    // ---- for the application ----

    // In the middle of handling the record, before there is any effect. May park, and may end the
    // process.
    void on_handling(sim::Node& node, const std::string& group, const ConsumerRecord& record);
    // Before it sends the record, which may become another one. True: it is sent twice.
    bool on_sending(sim::Node& node, ProducerRecord& record);
    // Between two polls: for how long it is to leave the group now.
    std::optional<Duration> on_polling(sim::Node& node, const std::string& group);

  private:
    bool happens(sim::Node& node, Mishap& mishap);
    [[noreturn]] void die(sim::Node& node, const Mishap& mishap);

    std::vector<Mishap> active_;
};

}  // namespace squall::model
