// machines/catalog/diagram.hpp: a machine as a picture: Mermaid's stateDiagram-v2, straight from its rows. Pure.
#pragma once

#include <string>

#include "machines/catalog/catalog.hpp"

namespace machines::catalog {

// The start, and the births into other states; one line per row, "from --> to: event / command (why)", without what a
// row does not have; then the ends.
std::string mermaid(const Version& version);

}  // namespace machines::catalog
