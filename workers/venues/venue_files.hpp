// workers/venues/venue_files.hpp: how a process of a house reaches its venue.
#pragma once

#include <filesystem>
#include <string>

namespace workers::venues {

// An endpoint, our key pair for it, and the key that the venue must prove. Paths only: nothing is read here.
struct VenueFiles {
  std::string endpoint;
  std::filesystem::path key;         // our key pair, without the ending of its public part
  std::filesystem::path public_key;  // the venue's
};

}  // namespace workers::venues
