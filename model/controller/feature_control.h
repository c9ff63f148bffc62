// FeatureControl: the part of the controller that decides which levels of features are finalized
// (Kafka's FeatureControlManager; KIP-584, KIP-778, KIP-1022).
//
// A new cluster begins with the levels of its configuration. An update is all or nothing: the first
// feature that cannot be changed refuses all of them. A level must be supported by this controller
// and by every registered broker, fenced ones too, and what it depends on must be finalized by the
// same update or before. Down goes only who says so; metadata.version only where nothing is lost
// (there is no unsafe downgrade of it, KAFKA-13896). And a broker that does not support a finalized
// level is not let in. A decider: only reads an image and returns records.
//
// Differs from Kafka: other controllers do not register, and run the same software.
#pragma once

#include <cstdint>
#include <vector>

#include "model/controller/controller_options.h"
#include "model/controller/decision.h"
#include "model/controller/features.h"
#include "model/controller/image.h"
#include "model/controller/records.h"
#include "model/controller/refusal.h"
#include "model/protocol/messages/broker_registration.h"
#include "model/protocol/messages/update_features.h"

namespace squall::model {

// How a level may change, as UpdateFeatures has it on the wire.
enum class FeatureUpgrade : std::int8_t { upgrade = 1, safe_downgrade = 2, unsafe_downgrade = 3 };

// Ranges as a registration carries them.
std::vector<BrokerRegistrationRequest::Feature> registered_ranges(const FeatureRanges& supported);

class FeatureControl {
  public:
    explicit FeatureControl(ControllerOptions options) : options_(options) {}

    // What the first active controller writes into an empty metadata log.
    std::vector<MetadataRecord> bootstrap() const;

    // Error: invalid_update_version, for the whole.
    Decision<UpdateFeaturesResponse> update(const MetadataImage& image,
                                            const UpdateFeaturesRequest& request) const;

    // Whether a broker that supports these ranges may register. Error: unsupported_version.
    Refusal check_registration(const MetadataImage& image,
                               const std::vector<BrokerRegistrationRequest::Feature>& ranges) const;

  private:
    // Of one feature; `proposed` are the levels after the whole update.
    Refusal update_one(const MetadataImage& image,
                       const UpdateFeaturesRequest::FeatureUpdate& update,
                       const FeatureLevels& proposed) const;
    // ---- rules ----
    Refusal check_support(const MetadataImage& image, const std::string& feature,
                          FeatureLevel level) const;
    Refusal check_direction(FeatureLevel from, FeatureLevel to, FeatureUpgrade how) const;
    // KIP-966: under ELR one min.insync.replicas holds for all brokers, and the metadata says it.
    void make_elr_safe(const MetadataImage& image, std::vector<MetadataRecord>& records) const;

    ControllerOptions options_;
};

}  // namespace squall::model
