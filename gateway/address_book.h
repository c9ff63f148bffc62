// AddressBook: where outside clients reach the brokers. Inside, a broker's host is the name of its
// node; what goes out to a client names the address that is served for it instead.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "gateway/address.h"
#include "model/protocol/api_key.h"
#include "model/rpc/message.h"

namespace squall::gateway {

class AddressBook {
  public:
    void enter(std::string node, Address address) { addresses_[std::move(node)] = address; }

    // Puts the addresses in place of the nodes' names, wherever a response of that API names one.
    // A node that is not in the book stays as it is.
    void advertise(model::ApiKey api, model::Message& response) const;

    // Null where it is not in the book.
    const Address* find(std::string_view node) const {
        const auto found = addresses_.find(node);
        return found == addresses_.end() ? nullptr : &found->second;
    }

  private:
    template <class Host>
    void translate(Host& host) const;

    std::map<std::string, Address, std::less<>> addresses_;
};

}  // namespace squall::gateway
