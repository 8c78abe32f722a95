#include "deploy/terminal/streams.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <iostream>

#include "deploy/terminal/print.hpp"

namespace deploy {

void open_closed_streams() {
  constexpr int directions[] = {O_WRONLY, O_RDONLY, O_RDONLY};
  for (int stream = 0; stream <= STDERR_FILENO; ++stream)
    if (fcntl(stream, F_GETFD) < 0 && open("/dev/null", directions[stream]) != stream) _exit(1);  // nobody to tell
}

int after_output(int code) {
  errno = 0;
  std::cout.flush();
  const bool arrived = std::fflush(stdout) == 0 && std::ferror(stdout) == 0 && std::cout.good();
  if (arrived || code != 0) return code;
  print_text(stderr, "bursar: the result could not be written to standard output{}{}\n", errno == 0 ? "" : ": ",
             errno == 0 ? "" : std::strerror(errno));
  return 1;
}

}  // namespace deploy
