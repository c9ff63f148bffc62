#include "sim/disk/directory.h"

#include <algorithm>
#include <utility>

#include "sim/base/assert.h"

namespace squall::sim {

namespace {

// A journal is finite: when it has this many changes, the file system commits the older half.
constexpr std::size_t journal_changes_max = 1024;

}  // namespace

std::shared_ptr<File> Directory::find(std::string_view path) const {
    const auto found = names_.find(path);
    return found == names_.end() ? nullptr : found->second;
}

std::shared_ptr<File> Directory::create(std::string_view path) {
    ASSERT(!names_.contains(path), "{} exists", path);
    put(path, File());
    return find(path);
}

void Directory::put(std::string_view path, File file) {
    journal(Change{.kind = Change::Kind::put,
                   .path = std::string(path),
                   .to = {},
                   .file = std::make_shared<File>(std::move(file)),
                   .size = 0});
}

void Directory::rename(std::string_view from, std::string_view to) {
    ASSERT(names_.contains(from), "rename of {}, which does not exist", from);
    if (from == to) return;
    journal(Change{.kind = Change::Kind::rename,
                   .path = std::string(from),
                   .to = std::string(to),
                   .file = nullptr,
                   .size = 0});
}

void Directory::remove(std::string_view path) {
    ASSERT(names_.contains(path), "removal of {}, which does not exist", path);
    journal(Change{.kind = Change::Kind::remove,
                   .path = std::string(path),
                   .to = {},
                   .file = nullptr,
                   .size = 0});
}

void Directory::truncate(std::string_view path, std::uint64_t size) {
    const std::shared_ptr<File> file = find(path);
    ASSERT(file != nullptr, "truncation of {}, which does not exist", path);
    file->truncate(size);
    journal(Change{.kind = Change::Kind::truncate,
                   .path = std::string(path),
                   .to = {},
                   .file = file,
                   .size = size});
}

void Directory::journal(Change change) {
    apply(change, names_);
    journal_.push_back(std::move(change));
    if (journal_.size() >= journal_changes_max) commit(committed_ + journal_changes_max / 2);
}

void Directory::apply(const Change& change, Names& names) {
    switch (change.kind) {
        case Change::Kind::put:
            names[change.path] = change.file;
            return;
        case Change::Kind::rename: {
            const auto from = names.find(change.path);
            ASSERT(from != names.end(), "rename of {}, which does not exist", change.path);
            names[change.to] = std::move(from->second);
            names.erase(change.path);
            return;
        }
        case Change::Kind::remove:
            ASSERT(names.contains(change.path), "removal of {}, which does not exist", change.path);
            names.erase(change.path);
            return;
        case Change::Kind::truncate:
            return;  // of the file, not of its name
    }
}

void Directory::commit(std::uint64_t position) {
    ASSERT(position <= journaled(), "commit up to change {} of {}", position, journaled());
    for (; committed_ < position; ++committed_) {
        const Change& change = journal_.front();
        apply(change, durable_);
        if (change.kind == Change::Kind::truncate) change.file->commit_truncation(change.size);
        journal_.pop_front();
    }
}

std::map<std::string, std::uint64_t> Directory::lose_power() {
    std::map<std::string, std::uint64_t> limits;
    for (const auto& [path, file] : durable_) {
        std::uint64_t limit = UINT64_MAX;
        for (const Change& change : journal_) {
            if (change.file == file && change.kind == Change::Kind::truncate) {
                limit = std::min(limit, change.size);
            }
        }
        limits.emplace(path, limit);
    }
    journal_.clear();
    names_ = durable_;
    return limits;
}

}  // namespace squall::sim
