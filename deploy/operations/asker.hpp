// deploy/operations/asker.hpp: Asker, who asks for an operation: the history and the audit chain keep the name.
#pragma once

#include <string>

namespace deploy::operations {

// Named by the caller, which has found out who it is: the command line by the operating system's user, a page by its
// session. REQUIRES: name is not empty.
struct Asker {
  std::string name;
};

}  // namespace deploy::operations
