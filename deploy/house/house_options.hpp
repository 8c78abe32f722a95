// deploy/house/house_options.hpp: what a house is opened with.
#pragma once

#include <functional>
#include <string>

#include "deploy/house/data_folder.hpp"
#include "schemas/config/config.hpp"

namespace deploy {

struct HouseOptions {
  Layout layout;
  schemas::config::Config config;
  std::string config_file;  // handed on to the children; empty: the defaults
  std::string dsn;          // an existing PostgreSQL; empty: a private cluster in the data folder
  std::string service_dsn;  // the same one under the login of brokers and workers; empty: they use the owner's
  std::function<bool()> gives_up = [] { return false; };  // whether a signal asked it to end
};

}  // namespace deploy
