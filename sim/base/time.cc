#include "sim/base/time.h"

namespace squall {

std::string to_string(Duration duration) {
    const std::int64_t ns = duration.count();
    const bool negative = ns < 0;
    const std::uint64_t magnitude =
        negative ? ~static_cast<std::uint64_t>(ns) + 1 : static_cast<std::uint64_t>(ns);
    struct Scale {
        std::uint64_t ns;
        const char* unit;
    };
    constexpr Scale scales[] = {{1'000'000'000, "s"}, {1'000'000, "ms"}, {1'000, "us"}, {1, "ns"}};
    for (const Scale& scale : scales) {
        if (magnitude < scale.ns) continue;
        const std::uint64_t whole = magnitude / scale.ns;
        const std::uint64_t thousandths = magnitude % scale.ns * 1000 / scale.ns;
        std::string text = fmt::format("{}{}", negative ? "-" : "", whole);
        if (thousandths != 0) {
            std::string fraction = fmt::format("{:03}", thousandths);
            while (fraction.back() == '0') fraction.pop_back();
            text += "." + fraction;
        }
        return text + scale.unit;
    }
    return "0s";
}

}  // namespace squall
