#include "model/raft/voter_set.h"

#include <algorithm>
#include <utility>

#include "sim/base/assert.h"

namespace squall::model::raft {

ReplicaKey key_of(const RaftVoter& voter) {
    return {voter.id, voter.directory_id};
}

VoterSet::VoterSet(std::vector<RaftVoter> voters) : voters_(std::move(voters)) {
    std::ranges::sort(voters_, {}, &RaftVoter::id);
    for (std::size_t i = 1; i < voters_.size(); ++i) {
        ASSERT(voters_[i - 1].id < voters_[i].id, "two voters of id {}", voters_[i].id);
        ASSERT(voters_[i - 1].directory_id.is_zero() == voters_[i].directory_id.is_zero(),
               "of voters {} and {} only one has a directory id", voters_[i - 1].id, voters_[i].id);
    }
}

const RaftVoter* VoterSet::find(BrokerId id) const {
    const auto found = std::ranges::find(voters_, id, &RaftVoter::id);
    return found == voters_.end() ? nullptr : &*found;
}

bool VoterSet::contains(const ReplicaKey& key) const {
    const RaftVoter* const voter = find(key.id);
    if (voter == nullptr) return false;
    return voter->directory_id.is_zero() || voter->directory_id == key.directory_id;
}

bool VoterSet::knows_directories() const {
    return !voters_.empty() && !voters_.front().directory_id.is_zero();
}

VoterSet VoterSet::with(RaftVoter voter) const {
    ASSERT(find(voter.id) == nullptr, "{} votes already", voter.id);
    std::vector<RaftVoter> voters = voters_;
    voters.push_back(std::move(voter));
    return VoterSet(std::move(voters));
}

VoterSet VoterSet::without(BrokerId id) const {
    ASSERT(find(id) != nullptr, "{} does not vote", id);
    ASSERT(voters_.size() > 1, "nobody votes without {}", id);
    std::vector<RaftVoter> voters = voters_;
    std::erase_if(voters, [&](const RaftVoter& voter) { return voter.id == id; });
    return VoterSet(std::move(voters));
}

std::string to_string(const VoterSet& set) {
    std::string text;
    for (const RaftVoter& voter : set.voters()) {
        text += fmt::format("{}{}", text.empty() ? "" : ", ", voter.id);
    }
    return text;
}

std::optional<Offset> VoterHistory::latest_offset() const {
    if (later_.empty()) return std::nullopt;
    return later_.back().offset;
}

const VoterSet& VoterHistory::before(Offset end) const {
    const VoterSet* found = &base_;
    for (const Entry& entry : later_) {
        if (entry.offset < end) found = &entry.voters;
    }
    return *found;
}

void VoterHistory::append(Offset offset, VoterSet voters) {
    ASSERT(!voters.empty(), "a set without voters at {}", offset);
    ASSERT(later_.empty() || later_.back().offset < offset, "voters at {} after those at {}",
           offset, later_.back().offset);
    later_.push_back({offset, std::move(voters)});
}

void VoterHistory::truncate(Offset to) {
    while (!later_.empty() && later_.back().offset >= to) later_.pop_back();
}

void VoterHistory::drop_before(Offset start) {
    base_ = before(start);
    std::erase_if(later_, [&](const Entry& entry) { return entry.offset < start; });
}

void VoterHistory::restart_at(VoterSet base) {
    ASSERT(!base.empty(), "a snapshot without voters");
    base_ = std::move(base);
    later_.clear();
}

}  // namespace squall::model::raft
