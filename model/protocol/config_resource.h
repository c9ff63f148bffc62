// What the settings of DescribeConfigs, AlterConfigs and IncrementalAlterConfigs belong to, where
// their values come from, of what type they are, and what can be done to them; with Kafka's numbers
// (ConfigResource.Type, DescribeConfigsResponse.ConfigSource and ConfigType, AlterConfigOp.OpType).
//
// A request may carry any number: whoever handles one refuses those that are not listed.
#pragma once

#include <cstdint>

namespace squall::model {

enum class ConfigResourceType : std::int8_t {
    unknown = 0,
    topic = 2,
    broker = 4,  // named by its id; "" stands for all brokers
    broker_logger = 8,
    client_metrics = 16,
    group = 32,
};

enum class ConfigSource : std::int8_t {
    unknown = -1,  // never sent: the default of versions without the field
    topic_config = 1,
    dynamic_broker_config = 2,
    dynamic_default_broker_config = 3,
    static_broker_config = 4,
    default_config = 5,
    dynamic_broker_logger_config = 6,
    client_metrics_config = 7,
    group_config = 8,
};

enum class ConfigType : std::int8_t {
    unknown = 0,
    boolean = 1,
    string = 2,
    int32 = 3,
    int16 = 4,
    int64 = 5,
    double_precision = 6,
    list = 7,
    class_name = 8,
    password = 9,
};

// `append` and `subtract` are for settings that are lists.
enum class ConfigOperation : std::int8_t { set = 0, remove = 1, append = 2, subtract = 3 };

}  // namespace squall::model
