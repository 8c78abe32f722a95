// brokers/wire/keys.hpp: CURVE key pairs and their files. A secret file that anyone else may read is refused.
#pragma once

#include <string>

#include "machines/core/result.hpp"

namespace brokers::wire {

struct WireError {
  std::string text;  // one line: what, where, what to do
};
template <class T>
using Wired = machines::Result<T, WireError>;

// Z85 text, 40 characters each.
struct CurveKeys {
  std::string public_key, secret_key;
};

// A fresh random pair. Never fails.
CurveKeys make_keys();
// Writes PATH (secret and public, 0600) and PATH.pub (public). Errors: the file can't be written.
Wired<bool> write_keys(const std::string& path, const CurveKeys& keys);
// Writes the two files of a pair for the first time: PATH for its owner alone to read (0400). Errors: either file is
// there already (nothing is written), or can't be written.
Wired<bool> create_keys(const std::string& path, const CurveKeys& keys);
// Why a text is no key (Z85, 40 characters), to follow its place; empty where it is one.
std::string what_is_wrong_with_key(const std::string& text);
// The pair in PATH, and the public key in a PATH.pub. Errors, with file and line: absent, unreadable, malformed
// (blanks, line ends of Windows, no Z85), or readable by others than its owner.
Wired<CurveKeys> read_keys(const std::string& path);
Wired<std::string> read_public_key(const std::string& path);

}  // namespace brokers::wire
