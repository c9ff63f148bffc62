#include "model/log/segment.h"

#include <algorithm>
#include <utility>

#include "model/log/checkpoint_text.h"
#include "sim/base/assert.h"

namespace squall::model {

namespace {

constexpr std::string_view log_ending = ".log";
constexpr std::size_t offset_digits = 20;

// Why this batch cannot stand where it was found; empty if it can.
std::string objection(const BatchView& batch, const Segment::Scan& scan) {
    if (batch.base_offset() < scan.next_offset) {
        return fmt::format("batch at offset {} behind the end {} of the one before",
                           batch.base_offset(), scan.next_offset);
    }
    if (batch.last_offset_delta() < 0) {
        return fmt::format("batch at offset {} has last offset delta {}", batch.base_offset(),
                           batch.last_offset_delta());
    }
    if (scan.verify_crc) {
        const Status status = batch.check();
        if (!status) return status.error().detail;
    }
    return {};
}

std::string describe_end(BatchCursor::End end) {
    return end == BatchCursor::End::truncated ? "a part of a batch" : "not a batch";
}

}  // namespace

std::string offset_path(std::string_view folder, Offset offset, std::string_view ending) {
    return fmt::format("{}/{:020}{}", folder, offset.value(), ending);
}

std::optional<Offset> offset_in_path(std::string_view path, std::string_view ending) {
    const std::size_t slash = path.rfind('/');
    if (slash == std::string_view::npos || !path.ends_with(ending)) return std::nullopt;
    path.remove_prefix(slash + 1);
    path.remove_suffix(ending.size());
    if (path.size() != offset_digits) return std::nullopt;
    const std::optional<std::int64_t> offset = parse_number(path);
    if (!offset || *offset < 0) return std::nullopt;
    return Offset(*offset);
}

std::string segment_path(std::string_view folder, Offset base_offset, std::string_view suffix) {
    return offset_path(folder, base_offset, fmt::format("{}{}", log_ending, suffix));
}

std::optional<Offset> segment_base_offset(std::string_view path, std::string_view suffix) {
    return offset_in_path(path, fmt::format("{}{}", log_ending, suffix));
}

Segment::Segment(sim::Disk& disk, std::string_view folder, Offset base_offset,
                 std::string_view suffix)
    : disk_(&disk),
      folder_(folder),
      path_(segment_path(folder, base_offset, suffix)),
      base_offset_(base_offset) {}

void Segment::add(const BatchView& batch, std::int32_t index_interval_bytes) {
    index_.append(batch, size_);
    index_fill_.add(batch.size(), batch.max_timestamp(), index_interval_bytes);
    has_producers_ |= batch.has_producer_id();
    size_ += batch.size();
}

Result<sim::Costed<Segment>> Segment::create(sim::Disk& disk, std::string_view folder,
                                             Offset base_offset, std::string_view suffix) {
    Segment segment(disk, folder, base_offset, suffix);
    ASSERT(!disk.exists(segment.path_), "{} exists", segment.path_);
    const Result<Duration> created = disk.append(segment.path_, {});
    if (!created) return created.error();
    return sim::Costed<Segment>{.value = std::move(segment), .cost = *created};
}

Result<sim::Costed<Segment>> Segment::open(sim::Disk& disk, std::string_view folder,
                                           Offset base_offset, Scan& scan) {
    Segment segment(disk, folder, base_offset, suffix::none);
    const Result<sim::Costed<Bytes>> content = disk.read_all(segment.path_);
    if (!content) return content.error();
    Duration cost = content->cost;

    scan.next_offset = std::max(scan.next_offset, base_offset);
    BatchCursor cursor(content->value);
    while (const std::optional<BatchView> batch = cursor.next()) {
        scan.reason = objection(*batch, scan);
        if (!scan.reason.empty()) break;
        segment.add(*batch, scan.index_interval_bytes);
        if (const auto aborted = scan.producers.append(*batch)) segment.add_aborted(*aborted);
        scan.next_offset = batch->next_offset();
        if (scan.on_batch) scan.on_batch(*batch);
    }
    const std::uint64_t trailing = content->value.size() - segment.size_;
    if (trailing > 0) {
        if (scan.reason.empty()) scan.reason = describe_end(cursor.end());
        scan.reason = fmt::format("{}, position {}: {}", segment.path_, segment.size_, scan.reason);
        scan.truncated_bytes += trailing;
        const Result<Duration> cut = disk.truncate(segment.path_, segment.size_);
        if (!cut) return cut.error();
        cost += *cut;
    }
    return sim::Costed<Segment>{.value = std::move(segment), .cost = cost};
}

Result<Duration> Segment::append(ByteView batches, std::int32_t index_interval_bytes) {
    const Result<Duration> written = disk_->append(path_, batches);
    if (!written) return written;
    BatchCursor cursor(batches);
    while (const std::optional<BatchView> batch = cursor.next()) {
        ASSERT(batch->base_offset() >= next_offset(), "{}: batch at {} appended at {}", path_,
               batch->base_offset(), next_offset());
        add(*batch, index_interval_bytes);
    }
    ASSERT(cursor.end() == BatchCursor::End::exhausted, "{}: appended what is not whole batches",
           path_);
    return written;
}

Result<sim::Costed<Segment::Slice>> Segment::read(Offset from, Offset upper_bound,
                                                  std::uint64_t max_bytes,
                                                  bool at_least_one) const {
    const OffsetIndex::Entry* const first = index_.at_or_after(from);
    if (first == nullptr) return sim::Costed<Slice>{};
    const OffsetIndex::Entry* const end = index_.entries().data() + index_.entries().size();
    const OffsetIndex::Entry* next = first;
    while (next != end && next->last_offset < upper_bound &&
           (next->end() - first->position <= max_bytes || (next == first && at_least_one))) {
        ++next;
    }
    if (next == first) return sim::Costed<Slice>{};
    const OffsetIndex::Entry& last = *(next - 1);
    Result<sim::Costed<Bytes>> bytes =
        disk_->read(path_, first->position, last.end() - first->position);
    if (!bytes) return bytes.error();
    return sim::Costed<Slice>{
        .value = Slice{.bytes = std::move(bytes->value), .next_offset = last.last_offset.next()},
        .cost = bytes->cost};
}

Result<sim::Costed<Bytes>> Segment::read_batch(const OffsetIndex::Entry& entry) const {
    return disk_->read(path_, entry.position, entry.size);
}

Result<Duration> Segment::truncate_to(Offset offset) {
    const std::uint64_t size = index_.truncate(offset);
    transactions_.truncate(next_offset());
    ASSERT(size <= size_, "{}: truncation from {} to {} bytes", path_, size_, size);
    if (size == size_) return Duration::zero();
    size_ = size;
    return disk_->truncate(path_, size);
}

Result<Duration> Segment::remove() {
    return disk_->remove(path_);
}

Result<Duration> Segment::change_suffix(std::string_view suffix) {
    std::string renamed = segment_path(folder_, base_offset_, suffix);
    Result<Duration> cost = disk_->rename(path_, renamed);
    if (cost) path_ = std::move(renamed);
    return cost;
}

Offset Segment::next_offset() const {
    return index_.is_empty() ? base_offset_ : index_.entries().back().last_offset.next();
}

bool Segment::should_roll(std::uint64_t bytes, Offset last_offset, TimestampMs timestamp,
                          const RollLimits& limits) const {
    if (is_empty()) return false;
    if (size_ + bytes > static_cast<std::uint64_t>(limits.segment_bytes)) return true;
    if (last_offset - base_offset_ > INT32_MAX) return true;
    if (index_fill_.is_full(limits.index_bytes)) return true;
    const TimestampMs first = index_.entries().front().max_timestamp;
    if (first == no_timestamp || timestamp == no_timestamp) return false;
    return timestamp - first > limits.segment_ms;
}

}  // namespace squall::model
