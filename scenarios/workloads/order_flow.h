// order-flow: the main job. An order service writes order events to `orders`, keyed by customer;
// the payment service consumes them and writes `payments`; every other group of the scenario
// consumes `orders` and handles each event. In the calm, a fresh reader without a group reads every
// topic from the beginning: what it sees is what is there.
//
// Machines: "admin", "order-service", "<group>-1".. for each member of each group, "reader".
#pragma once

#include "scenarios/workloads/workload.h"

namespace squall::scenarios {

WorkloadEntry order_flow_workload();

}  // namespace squall::scenarios
