#include "model/raft/snapshot.h"

#include <fmt/core.h>

#include <charconv>

#include "model/protocol/batch_view.h"
#include "model/protocol/control_batch.h"
#include "model/protocol/record_batch.h"
#include "model/raft/quorum_wire.h"

namespace squall::model::raft {

namespace {

constexpr std::string_view suffix = ".checkpoint";
constexpr std::size_t offset_digits = 20;
constexpr std::size_t epoch_digits = 10;
constexpr std::size_t records_per_batch = 512;

template <class Number>
std::optional<Number> number_of(std::string_view digits) {
    Number number = 0;
    const char* const end = digits.data() + digits.size();
    const auto [stopped, error] = std::from_chars(digits.data(), end, number);
    if (error != std::errc{} || stopped != end) return std::nullopt;
    return number;
}

}  // namespace

std::string snapshot_path(std::string_view folder, const LogPosition& id) {
    return fmt::format("{}/{:020}-{:010}{}", folder, id.offset.value(), id.epoch.value(), suffix);
}

std::optional<LogPosition> snapshot_id(std::string_view path) {
    const std::string_view name = path.substr(path.rfind('/') + 1);
    if (name.size() != offset_digits + 1 + epoch_digits + suffix.size()) return std::nullopt;
    if (!name.ends_with(suffix) || name[offset_digits] != '-') return std::nullopt;
    const auto offset = number_of<std::int64_t>(name.substr(0, offset_digits));
    const auto epoch = number_of<std::int32_t>(name.substr(offset_digits + 1, epoch_digits));
    if (!offset || !epoch) return std::nullopt;
    return LogPosition{Offset{*offset}, RaftEpoch{*epoch}};
}

Bytes write_snapshot(const LogPosition& id, TimestampMs last_contained, TimestampMs now,
                     const std::vector<Bytes>& values, const VoterSet& voters) {
    Bytes content;
    Offset next{0};
    const auto add = [&](Bytes batch) {
        stamp_batch(batch, next, LeaderEpoch{id.epoch.value()});
        next = BatchView::at_front(batch)->next_offset();
        content.insert(content.end(), batch.begin(), batch.end());
    };
    std::optional<KraftVoters> quorum;
    if (voters.knows_directories()) quorum = to_wire(voters);
    add(snapshot_header_batch(last_contained, now, quorum));
    for (std::size_t at = 0; at < values.size();) {
        BatchBuilder builder;
        for (std::size_t n = 0; n < records_per_batch && at < values.size(); ++n, ++at) {
            builder.append(now, std::nullopt, ByteView(values[at]));
        }
        add(builder.finish());
    }
    add(snapshot_footer_batch(now));
    return content;
}

Status check_snapshot(ByteView content) {
    const auto corrupt = [](std::string_view what) {
        return Status(Error{Failure::corrupt, fmt::format("snapshot: {}", what)});
    };
    BatchCursor cursor(content);
    std::optional<ControlType> first;
    std::optional<ControlType> last;
    while (const auto batch = cursor.next()) {
        if (const Status sound = batch->check(); !sound) return sound;
        last.reset();
        if (batch->attributes().is_control()) {
            const Result<ControlType> type = control_type(*batch);
            if (!type) return type.error();
            last = *type;
        }
        if (batch->base_offset() == Offset{0}) first = last;
    }
    if (cursor.end() != BatchCursor::End::exhausted) return corrupt("a batch is cut off");
    if (first != ControlType::snapshot_header) return corrupt("no header");
    if (last != ControlType::snapshot_footer) return corrupt("no footer");
    return success();
}

std::optional<VoterSet> voters_of_snapshot(ByteView content) {
    std::vector<VotersAt> found = voters_of(content);
    if (found.empty()) return std::nullopt;
    return std::move(found.back().voters);
}

}  // namespace squall::model::raft
