// Record batches: what decodes, encodes to bytes that decode to the same, and becomes message sets
// that are some. Where the first byte is odd, the CRC of the first batch is made right, or hardly
// any input would get beyond it.
#include <cstddef>
#include <cstdint>

#include "model/protocol/message_set.h"
#include "model/protocol/record_batch.h"
#include "sim/base/assert.h"
#include "sim/base/crc32c.h"

namespace {

using namespace squall;
using namespace squall::model;

constexpr std::size_t length_ends_at = 12;
constexpr std::size_t crc_at = 17;
constexpr std::size_t crc_covers_from = 21;

void mend_crc(Bytes& bytes) {
    if (bytes.size() <= crc_covers_from) return;
    ByteReader reader(ByteView(bytes).subspan(8));
    const auto length = reader.integer<std::int32_t>();
    if (length < 0 || length_ends_at + static_cast<std::size_t>(length) > bytes.size()) return;
    const std::size_t end = length_ends_at + static_cast<std::size_t>(length);
    if (end <= crc_covers_from) return;
    store_big_endian(bytes.data() + crc_at,
                     crc32c(ByteView(bytes).subspan(crc_covers_from, end - crc_covers_from)));
}

void read_all(ByteView bytes) {
    BatchCursor cursor(bytes);
    while (const std::optional<BatchView> batch = cursor.next()) {
        if (!batch->check()) continue;
        RecordReader reader(*batch);
        RecordView record;
        while (reader.next(record)) {
            (void)reader.offset(record);
            (void)reader.timestamp(record);
            (void)record_id(record);
        }
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    Bytes bytes(data + 1, data + size);
    if (data[0] % 2 == 1) mend_crc(bytes);
    read_all(bytes);
    for (const MessageFormat format : {MessageFormat::magic_0, MessageFormat::magic_1}) {
        const auto set = message_set_of_batches(bytes, format, Offset(0));
        if (set) ASSERT(decode_message_set(*set).ok(), "a message set that is none");
    }
    const auto batch = decode_batch(bytes);
    if (!batch) return 0;
    const auto again = decode_batch(encode_batch(*batch));
    ASSERT(again.ok(), "{}", again.error().detail);
    ASSERT(again->records == batch->records, "other records");
    return 0;
}
