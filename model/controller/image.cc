#include "model/controller/image.h"

#include "sim/base/describe.h"

namespace squall::model {

const TopicImage* MetadataImage::find_topic(const std::string& name) const {
    const auto found = topics.find(name);
    return found == topics.end() ? nullptr : &found->second;
}

const TopicImage* MetadataImage::find_topic(const Uuid& id) const {
    for (const auto& [name, topic] : topics) {
        if (topic.id == id) return &topic;
    }
    return nullptr;
}

const PartitionImage* MetadataImage::find_partition(const TopicPartition& partition) const {
    const TopicImage* topic = find_topic(partition.topic);
    if (topic == nullptr || partition.partition < 0) return nullptr;
    const auto index = static_cast<std::size_t>(partition.partition);
    return index < topic->partitions.size() ? &topic->partitions[index] : nullptr;
}

const BrokerImage* MetadataImage::find_broker(BrokerId id) const {
    const auto found = brokers.find(id);
    return found == brokers.end() ? nullptr : &found->second;
}

const std::string* MetadataImage::find_broker_default(const std::string& key) const {
    const auto defaults = broker_configs.find("");
    if (defaults == broker_configs.end()) return nullptr;
    const auto found = defaults->second.find(key);
    return found == defaults->second.end() ? nullptr : &found->second;
}

namespace {

struct ContentHasher {
    CanonicalHasher& hasher;
    template <class T>
    void operator()(std::string_view name, const T& member) {
        if (name != "next_offset") hasher(name, member);
    }
};

}  // namespace

std::uint64_t MetadataImage::digest() const {
    CanonicalHasher hasher(0);
    ContentHasher content{hasher};
    describe(*this, content);
    return hasher.hash();
}

}  // namespace squall::model
