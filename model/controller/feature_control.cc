#include "model/controller/feature_control.h"

#include <fmt/core.h>

#include <optional>
#include <string>
#include <utility>

namespace squall::model {

namespace {

constexpr std::string_view min_isr = "min.insync.replicas";

Refusal no_update(std::string why) {
    return {ErrorCode::invalid_update_version, std::move(why)};
}

std::optional<FeatureUpgrade> upgrade_of(std::int8_t code) {
    if (code < 1 || code > 3) return std::nullopt;
    return static_cast<FeatureUpgrade>(code);
}

Refusal unsupported(std::string_view who, FeatureLevel level, FeatureRange range) {
    if (range == FeatureRange{}) {
        return no_update(fmt::format("{} does not support this feature.", who));
    }
    return no_update(
        fmt::format("{} only supports versions {}-{}, not {}.", who, range.min, range.max, level));
}

}  // namespace

std::vector<BrokerRegistrationRequest::Feature> registered_ranges(const FeatureRanges& supported) {
    std::vector<BrokerRegistrationRequest::Feature> ranges;
    for (const auto& [name, range] : supported) {
        ranges.push_back(
            {.name = name, .min_supported_version = range.min, .max_supported_version = range.max});
    }
    return ranges;
}

// ---- a new cluster ----

std::vector<MetadataRecord> FeatureControl::bootstrap() const {
    std::vector<MetadataRecord> records;
    const FeatureLevels levels = options_.features.levels();
    // By metadata.version what follows is read.
    records.push_back(FeatureLevelRecord{std::string(feature::metadata_version),
                                         level_of(levels, feature::metadata_version)});
    for (const auto& [name, level] : levels) {
        if (name != feature::metadata_version) records.push_back(FeatureLevelRecord{name, level});
    }
    if (level_of(levels, feature::eligible_leader_replicas_version) > 0) make_elr_safe({}, records);
    return records;
}

void FeatureControl::make_elr_safe(const MetadataImage& image,
                                   std::vector<MetadataRecord>& records) const {
    const std::string key(min_isr);
    if (image.find_broker_default(key) == nullptr) {
        records.push_back(ConfigRecord{.resource_type = ConfigRecord::broker_resource,
                                       .resource_name = "",
                                       .name = key,
                                       .value = std::to_string(options_.min_insync_replicas)});
    }
    for (const auto& [broker, configs] : image.broker_configs) {
        if (broker.empty() || !configs.contains(key)) continue;
        records.push_back(ConfigRecord{.resource_type = ConfigRecord::broker_resource,
                                       .resource_name = broker,
                                       .name = key,
                                       .value = std::nullopt});
    }
}

// ---- updates ----

Decision<UpdateFeaturesResponse> FeatureControl::update(
    const MetadataImage& image, const UpdateFeaturesRequest& request) const {
    Decision<UpdateFeaturesResponse> decision{
        .records = {}, .response = {}, .reason = "features updated"};
    FeatureLevels proposed = image.features;
    for (const auto& update : request.feature_updates) {
        proposed[update.feature] = update.max_version_level;
    }
    for (const auto& update : request.feature_updates) {
        const Refusal refusal = update_one(image, update, proposed);
        if (refusal.refused()) {
            decision.records.clear();
            decision.response = {};
            decision.response.error_code = refusal.error;
            decision.response.error_message =
                "The update failed for all features since the following feature had an error: " +
                refusal.message;
            return decision;
        }
        decision.response.results.push_back(
            {.feature = update.feature, .error_code = ErrorCode::none, .error_message = {}});
        decision.records.push_back(FeatureLevelRecord{update.feature, update.max_version_level});
    }
    if (!image.has_eligible_leader_replicas() &&
        level_of(proposed, feature::eligible_leader_replicas_version) > 0) {
        make_elr_safe(image, decision.records);
    }
    if (request.validate_only) decision.records.clear();
    return decision;
}

Refusal FeatureControl::update_one(const MetadataImage& image,
                                   const UpdateFeaturesRequest::FeatureUpdate& update,
                                   const FeatureLevels& proposed) const {
    const FeatureLevel level = update.max_version_level;
    const FeatureLevel current = image.feature_level(update.feature);
    const auto named = [&](Refusal refusal) {
        refusal.message = fmt::format("Invalid update version {} for feature {}. {}", level,
                                      update.feature, refusal.message);
        return refusal;
    };
    const std::optional<FeatureUpgrade> how = upgrade_of(update.upgrade_type);
    if (!how) {
        return named(no_update("The controller does not support the given upgrade type."));
    }
    if (level < 0) return named(no_update("A feature version cannot be less than 0."));
    Refusal refusal = check_support(image, update.feature, level);
    if (refusal.refused()) return named(std::move(refusal));
    refusal = check_direction(current, level, *how);
    if (refusal.refused()) return named(std::move(refusal));
    if (update.feature != feature::metadata_version) {
        if (auto missing = missing_dependency(update.feature, level, proposed)) {
            return named(no_update(*missing));
        }
    } else if (level < current && metadata_changed_between(level, current)) {
        return no_update(fmt::format(
            "Invalid metadata.version {}. {}", level,
            *how == FeatureUpgrade::unsafe_downgrade
                ? "Unsafe metadata downgrade is not supported in this version."
                : "Refusing to perform the requested downgrade because it might delete metadata "
                  "information."));
    }
    return granted;
}

Refusal FeatureControl::check_support(const MetadataImage& image, const std::string& feature,
                                      FeatureLevel level) const {
    const FeatureRange own = range_of(supported_features(), feature);
    if (!own.contains(level) || own == FeatureRange{}) {
        return unsupported("The local controller", level, own);
    }
    for (const auto& [id, broker] : image.brokers) {
        const FeatureRange range = range_of(broker.supported_features, feature);
        if (!range.contains(level)) return unsupported(fmt::format("Broker {}", id), level, range);
    }
    return granted;
}

Refusal FeatureControl::check_direction(FeatureLevel from, FeatureLevel to,
                                        FeatureUpgrade how) const {
    if (to < from && how == FeatureUpgrade::upgrade) {
        return no_update(
            "Can't downgrade the version of this feature without setting the upgrade type to "
            "either safe or unsafe downgrade.");
    }
    if (to > from && how != FeatureUpgrade::upgrade) {
        return no_update("Can't downgrade to a newer version.");
    }
    return granted;
}

// ---- brokers ----

Refusal FeatureControl::check_registration(
    const MetadataImage& image,
    const std::vector<BrokerRegistrationRequest::Feature>& ranges) const {
    FeatureRanges supported;
    for (const auto& range : ranges) {
        supported[range.name] = {range.min_supported_version, range.max_supported_version};
    }
    // What it does not name it has at 0 alone; and what it names may not be off where it cannot be.
    FeatureLevels required = image.features;
    for (const auto& [name, range] : supported) required.try_emplace(name, FeatureLevel{0});
    for (const auto& [name, level] : required) {
        const FeatureRange range = range_of(supported, name);
        if (range.contains(level)) continue;
        return {ErrorCode::unsupported_version,
                fmt::format("Unable to register because the broker does not support finalized "
                            "version {} of {}. The broker wants a version between {} and {}, "
                            "inclusive.",
                            level, name, range.min, range.max)};
    }
    return granted;
}

}  // namespace squall::model
