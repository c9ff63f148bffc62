#include "tests/model/protocol/golden.h"

#include <cstdint>
#include <fstream>

namespace squall::model {

Golden read_golden(const std::string& file) {
    Golden golden;
    std::ifstream in(std::string(SQUALL_SOURCE_DIR "/tests/golden/records/") + file);
    std::string name;
    std::string hex;
    while (in >> name >> hex) {
        Bytes& bytes = golden[name];
        for (std::size_t i = 0; i + 1 < hex.size(); i += 2) {
            bytes.push_back(static_cast<std::uint8_t>(std::stoi(hex.substr(i, 2), nullptr, 16)));
        }
    }
    return golden;
}

}  // namespace squall::model
