// deploy/cli/keys/key_cli.cpp: the words of `bursar key`. What was not understood is never repeated: it may be a
// secret.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <memory>

#include "deploy/cli/keys/key_commands.hpp"
#include "deploy/terminal/print.hpp"

namespace deploy {
namespace {

using KeyAction = int (*)(const KeyContext&, const KeyOptions&);

constexpr const char* no_secret_here =
    "bursar: a secret is never taken from the command line: every user of this machine can see it there, and the "
    "shell keeps it; use --secret-file, standard input, or the prompt\n";

// A command of `bursar key`. Words that it doesn't know are refused without repeating them.
CLI::App* add(CLI::App* parent, const KeyHooks& hooks, const char* name, const char* help,
              const std::shared_ptr<KeyOptions>& options, KeyAction action) {
  auto words = std::make_shared<CLI::App*>(nullptr);
  auto given = std::make_shared<std::string>();
  *words = hooks.looker(parent, name, help, [look = hooks.look, words, given, options, action] {
    if (!given->empty() || !(*words)->remaining().empty()) {
      print_text(stderr, "{}", Lines{std::string(no_secret_here)});
      if (given->empty())
        print_text(stderr, "bursar: what was not understood is not repeated here; see `bursar key {} --help`\n",
                   (*words)->get_name());
      return 2;
    }
    return look([&](const KeyContext& desk) { return action(desk, *options); });
  });
  (*words)->allow_extras();
  (*words)->add_option("--secret", *given)->group("");
  return *words;
}

void take_name(CLI::App* command, const std::shared_ptr<KeyOptions>& options) {
  command->add_option("name", options->name, "of the key")->required();
}

}  // namespace

void add_key_commands(CLI::App& app, const KeyHooks& hooks) {
  auto options = std::make_shared<KeyOptions>();
  auto* key = app.add_subcommand("key", "API keys of venues, sealed at rest");
  key->require_subcommand(1);
  constexpr const char* file_help =
      "file with two lines: the venue's API key, and its secret; without it standard input or a prompt";

  auto* added = add(key, hooks, "add", "seal a new key, after the venue has said what it may do", options, add_key);
  added->add_option("--name", options->name, "what you call it: letters, digits, - and _")->required();
  added->add_option("--venue", options->venue, "paper");
  added->add_option("--account", options->account, "the account at the venue")->required();
  added->add_option("--purpose", options->purpose, "read, trade or move")->required();
  added->add_option("--secret-file", options->secret_file, file_help);
  added->add_option("--allow-address", options->addresses, "move keys: an address that it is used from; repeatable");
  added->add_option("--allow-destination", options->destinations, "move keys: where coins may go; repeatable");

  add(key, hooks, "list", "every key with its health", options,
      [](const KeyContext& desk, const KeyOptions&) { return list_keys(desk); });

  auto* tested = add(key, hooks, "test", "ask the venue about a key, and record what that means", options, test_key);
  take_name(tested, options);
  tested->add_option("--version", options->version, "which one; without it the newest");
  tested->add_flag("--acknowledge", options->acknowledge, "the incident that it rests for has been dealt with");

  auto* rotated =
      add(key, hooks, "rotate", "a new secret takes over once the venue has accepted it", options, rotate_key);
  take_name(rotated, options);
  rotated->add_option("--secret-file", options->secret_file, file_help);

  auto* retired = add(key, hooks, "retire", "never use a key again, and forget its secret", options, retire_key);
  take_name(retired, options);
  retired->add_option("--version", options->version, "which one; needed where several are left");

  auto* rewrapped = add(key, hooks, "rewrap", "put all keys under another master key", options, rewrap_keys);
  rewrapped->add_option("--new-master-key", options->new_master_key, "its file; made where it is missing")->required();
}

}  // namespace deploy
