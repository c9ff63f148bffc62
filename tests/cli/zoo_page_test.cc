// docs/ZOO.md is what `squall zoo --markdown` writes, and tells of every bug that there is.
#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <sstream>
#include <string>
#include <vector>

#include "model/bugs.h"
#include "tests/cli/program.h"

namespace squall::cli {
namespace {

struct Page {
    std::string heading;             // of the table
    std::vector<std::string> above;  // what stands before it, without its numbers
    std::vector<std::vector<std::string>> rows;
};

std::vector<std::string> cells_of(const std::string& line) {
    std::vector<std::string> cells;
    std::istringstream in(line.substr(1));
    for (std::string cell; std::getline(in, cell, '|');) {
        const std::size_t begin = cell.find_first_not_of(' ');
        const std::size_t end = cell.find_last_not_of(' ');
        cells.push_back(begin == cell.npos ? "" : cell.substr(begin, end - begin + 1));
    }
    return cells;
}

Page page_of(const std::string& text) {
    Page page;
    std::istringstream in(text);
    for (std::string line; std::getline(in, line);) {
        if (line.starts_with("|---")) continue;
        if (line.starts_with("| ") && page.heading.empty()) {
            page.heading = line;
        } else if (line.starts_with("| ")) {
            page.rows.push_back(cells_of(line));
        } else {
            std::erase_if(line, [](char c) { return c >= '0' && c <= '9'; });
            page.above.push_back(line);
        }
    }
    return page;
}

Page written() {
    return page_of(read_file(std::filesystem::path(SQUALL_SOURCE_DIR) / "docs/ZOO.md"));
}

TEST(ZooPage, HasTheFormOfItsGenerator) {
    const Said said = run_program({"zoo", "Z35", "--seeds", "1", "--no-swarm", "--markdown"});
    ASSERT_EQ(said.exit_code, 0) << said.err;
    const Page fresh = page_of(said.out);
    const Page page = written();
    EXPECT_EQ(page.heading, fresh.heading);
    EXPECT_EQ(page.above, fresh.above);
    ASSERT_EQ(fresh.rows.size(), 1u);
    for (const auto& row : page.rows) {
        EXPECT_EQ(row.size(), fresh.rows[0].size()) << row.front();
    }
}

TEST(ZooPage, HasARowForEachBug) {
    const Page page = written();
    ASSERT_EQ(page.rows.size(), model::all_bugs().size());
    for (std::size_t i = 0; i < page.rows.size(); ++i) {
        const model::BugEntry& bug = model::all_bugs()[i];
        const std::vector<std::string>& row = page.rows[i];
        ASSERT_EQ(row.size(), 8u);
        EXPECT_EQ(row[0], std::string(bug.id) + " " + std::string(bug.name));
        EXPECT_EQ(row[1], bug.about) << bug.id;
        EXPECT_EQ(row[3], bug.checker) << bug.id;
        const bool is_caught = row[4].find_first_not_of("0123456789") == std::string::npos;
        EXPECT_TRUE(is_caught || row[4].starts_with("not in ")) << bug.id << ": " << row[4];
        EXPECT_NE(row[7].find(" of "), std::string::npos) << bug.id << ": " << row[7];
    }
}

}  // namespace
}  // namespace squall::cli
