// deploy/cli/keys/key_commands.hpp: `bursar key add|list|test|rotate|retire|rewrap`: what people do with API keys. A
// secret comes in by deploy/terminal/key_input alone and never goes out: shown are a key's number and an 8-digit
// fingerprint. Each prints for people, or one JSON object with --json, and returns the exit code.
#pragma once

#include <string>
#include <vector>

#include "deploy/house/key_admin.hpp"
#include "schemas/config/config.hpp"

namespace deploy {

class Commands;

struct KeyOptions {
  std::string venue = "paper", account, purpose, name, secret_file, new_master_key;
  std::vector<std::string> addresses, destinations;
  std::int64_t version = 0;  // 0: the one that is meant
  bool acknowledge = false;
};

// Where a command works, and how it answers.
struct KeyContext : KeyAdmin {
  bool json = false;
};

int add_key(const KeyContext& at, const KeyOptions& options);
int list_keys(const KeyContext& at);
int test_key(const KeyContext& at, const KeyOptions& options);
int rotate_key(const KeyContext& at, const KeyOptions& options);
int retire_key(const KeyContext& at, const KeyOptions& options);
int rewrap_keys(const KeyContext& at, const KeyOptions& options);

// `bursar key ...`.
void add_key_commands(Commands& commands);

}  // namespace deploy
