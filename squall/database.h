// Database: what applications keep that no fault takes from them. Values by name, made when first
// asked for; one Database for each run, shared by its applications and read by the test afterwards.
//
// Nothing in it parks, so a value never changes under somebody's hands but between two calls that
// do. Keep no client and no reference to one in it: they end with their processes.
#pragma once

#include <map>
#include <memory>
#include <stdexcept>
#include <string>
#include <typeindex>
#include <typeinfo>
#include <utility>

namespace squall {

class Database {
  public:
    // The value of that name. Throws std::logic_error where it was made as another type.
    template <class T>
    T& at(const std::string& name) {
        const auto [entry, is_new] = values_.try_emplace(name, typeid(T), nullptr);
        auto& [type, value] = entry->second;
        if (is_new) value = std::make_shared<T>();
        if (type != std::type_index(typeid(T))) {
            throw std::logic_error("database: '" + name + "' holds a value of another type");
        }
        return *static_cast<T*>(value.get());
    }

  private:
    std::map<std::string, std::pair<std::type_index, std::shared_ptr<void>>> values_;
};

}  // namespace squall
