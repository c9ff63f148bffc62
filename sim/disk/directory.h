// Directory: which name is which file, now and after a power loss, with the journal between.
//
// Every change of a name (and every truncation, which changes a file's metadata) is journaled. The
// journal is committed in order: a commit up to some change makes all earlier ones durable, on
// whatever file they were. At a power loss the changes committed stay, and of the others a prefix.
// A file lives as long as a name, now or durable, or a change of the journal knows it.
#pragma once

#include <cstdint>
#include <deque>
#include <map>
#include <memory>
#include <string>
#include <string_view>

#include "sim/disk/file.h"

namespace squall::sim {

class Directory {
  public:
    using Names = std::map<std::string, std::shared_ptr<File>, std::less<>>;

    const Names& names() const { return names_; }
    // nullptr if there is no such file.
    std::shared_ptr<File> find(std::string_view path) const;

    // Requires: no such file. The new file is empty.
    std::shared_ptr<File> create(std::string_view path);
    // `path` is `file` from now on, whether or not there was a file before.
    void put(std::string_view path, File file);
    // Requires: `from` exists. Replaces `to`.
    void rename(std::string_view from, std::string_view to);
    // Requires: `path` exists.
    void remove(std::string_view path);
    // Requires: `path` exists and is not smaller.
    void truncate(std::string_view path, std::uint64_t size);

    // How many changes were ever journaled: a position to commit up to.
    std::uint64_t journaled() const { return committed_ + journal_.size(); }
    std::uint64_t uncommitted() const { return journal_.size(); }
    // Makes the first `position` changes durable. Earlier positions change nothing.
    void commit(std::uint64_t position);

    // Names are what the journal committed; the rest of it is lost. Returns for every file, by its
    // name, the smallest size that a lost truncation had cut it to (or UINT64_MAX).
    std::map<std::string, std::uint64_t> lose_power();

  private:
    struct Change {
        enum class Kind : std::uint8_t { put, rename, remove, truncate };
        Kind kind = Kind::put;
        std::string path;
        std::string to;              // rename
        std::shared_ptr<File> file;  // put, truncate
        std::uint64_t size = 0;      // truncate
    };

    static void apply(const Change& change, Names& names);
    void journal(Change change);

    Names names_;
    Names durable_;
    std::deque<Change> journal_;
    std::uint64_t committed_ = 0;
};

}  // namespace squall::sim
