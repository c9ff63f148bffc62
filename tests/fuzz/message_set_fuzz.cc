// Old message sets: what a producer may send becomes a batch that is one, and that gives the same
// messages to an old consumer. Where the first byte is odd, the CRC of each message is made right.
#include <zlib.h>

#include <cstddef>
#include <cstdint>

#include "model/protocol/message_set.h"
#include "model/protocol/record_batch.h"
#include "sim/base/assert.h"

namespace {

using namespace squall;
using namespace squall::model;

constexpr std::size_t head = 12;     // offset and length
constexpr std::size_t crc_ends = 4;  // of what the length counts

void mend_crcs(Bytes& bytes) {
    std::size_t at = 0;
    while (bytes.size() - at > head + crc_ends) {
        ByteReader reader(ByteView(bytes).subspan(at + 8));
        const auto length = reader.integer<std::int32_t>();
        if (length <= static_cast<std::int32_t>(crc_ends)) return;
        const auto whole = static_cast<std::size_t>(length);
        if (whole > bytes.size() - at - head) return;
        const auto crc = static_cast<std::uint32_t>(::crc32(
            0, bytes.data() + at + head + crc_ends, static_cast<unsigned>(whole - crc_ends)));
        store_big_endian(bytes.data() + at + head, crc);
        at += head + whole;
    }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 1) return 0;
    Bytes bytes(data + 1, data + size);
    if (data[0] % 2 == 1) mend_crcs(bytes);
    constexpr std::size_t most = 16 << 20;
    const auto set = decode_message_set(bytes, most);
    const auto batch = batch_of_message_set(bytes);
    if (!batch || !set) return 0;
    ASSERT(BatchView::at_front(*batch).value().check().ok(), "a batch that is none");
    const auto back = message_set_of_batches(*batch, MessageFormat::magic_1, Offset(0));
    ASSERT(back.ok(), "{}", back.error().detail);
    const auto again = decode_message_set(*back);
    ASSERT(again.ok() && again->records.size() == set->records.size(), "other messages");
    for (std::size_t i = 0; i < set->records.size(); ++i) {
        ASSERT(again->records[i].key == set->records[i].key &&
                   again->records[i].value == set->records[i].value,
               "message {} is another", i);
    }
    return 0;
}
