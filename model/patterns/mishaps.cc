#include "model/patterns/mishaps.h"

#include <algorithm>
#include <string_view>

#include "model/events/application_events.h"
#include "sim/base/assert.h"

namespace squall::model {
namespace {

constexpr std::uint32_t certainty = 1'000'000;
// Says by which fault a record was poisoned.
constexpr std::string_view poison_header = "poison";

void tell_of(sim::Node& node, const Mishap& mishap, std::string_view what, const std::string& group,
             RecordId record) {
    node.emit(MishapHit{
        .mishap = std::string(what), .group = group, .record = record, .rule_id = mishap.fault_id});
}

bool is_poisoned_by(const ConsumerRecord& record, const std::string& fault_id) {
    return std::ranges::any_of(record.headers, [&](const RecordHeader& header) {
        return header.key == poison_header && header.value && as_text(*header.value) == fault_id;
    });
}

}  // namespace

void Mishaps::end(const std::string& fault_id) {
    std::erase_if(active_, [&](const Mishap& mishap) { return mishap.fault_id == fault_id; });
}

bool Mishaps::happens(sim::Node& node, Mishap& mishap) {
    if (mishap.count && *mishap.count == 0) return false;
    if (mishap.per_million < certainty &&
        node.draws("mishap " + mishap.fault_id).below(certainty) >= mishap.per_million) {
        return false;
    }
    if (mishap.count) --*mishap.count;
    return true;
}

void Mishaps::die(sim::Node& node, const Mishap& mishap) {
    mishap.process_ends();
    node.die_at_next_park(sim::StopReason::crash);
    node.sleep_until(LocalTime::max());
    throw sim::NodeCrashed{};  // not reached: the sleep never returns
}

void Mishaps::on_handling(sim::Node& node, const std::string& group, const ConsumerRecord& record) {
    Duration longer{};
    for (Mishap& mishap : active_) {
        if (mishap.kind == Mishap::Kind::slow && happens(node, mishap)) {
            tell_of(node, mishap, "handled slowly", group, record.id);
            longer += mishap.time;
        } else if (mishap.kind == Mishap::Kind::throws && happens(node, mishap)) {
            tell_of(node, mishap, "handler threw", group, record.id);
            die(node, mishap);
        } else if (mishap.kind == Mishap::Kind::chokes && is_poisoned_by(record, mishap.fault_id)) {
            tell_of(node, mishap, "choked on poison", group, record.id);
            die(node, mishap);
        }
    }
    // Last: what is at work may be another thing when it is over.
    if (longer > Duration::zero()) node.sleep_for(longer);
}

bool Mishaps::on_sending(sim::Node& node, ProducerRecord& record) {
    bool is_repeated = false;
    for (Mishap& mishap : active_) {
        if (mishap.kind == Mishap::Kind::poisons && happens(node, mishap)) {
            record.headers.push_back(
                {.key = std::string(poison_header), .value = to_bytes(mishap.fault_id)});
            tell_of(node, mishap, "sent poisoned", "", RecordId{});
        } else if (mishap.kind == Mishap::Kind::repeats && happens(node, mishap)) {
            tell_of(node, mishap, "sent twice", "", RecordId{});
            is_repeated = true;
        }
    }
    return is_repeated;
}

std::optional<Duration> Mishaps::on_polling(sim::Node& node, const std::string& group) {
    for (Mishap& mishap : active_) {
        if (mishap.kind != Mishap::Kind::leaves || !happens(node, mishap)) continue;
        tell_of(node, mishap, "left its group", group, RecordId{});
        return mishap.time;
    }
    return std::nullopt;
}

}  // namespace squall::model
