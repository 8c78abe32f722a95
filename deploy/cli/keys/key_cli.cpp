// deploy/cli/keys/key_cli.cpp: the words of `bursar key`. What was not understood is never repeated: it may be a
// secret.
#include <fmt/format.h>

#include <memory>

#include "deploy/cli/commands.hpp"
#include "deploy/cli/keys/key_commands.hpp"
#include "deploy/terminal/print.hpp"

namespace deploy {
namespace {

using Args = std::shared_ptr<KeyOptions>;
using KeyAction = int (*)(const KeyContext&, const KeyOptions&);

constexpr const char* no_secret_here =
    "bursar: a secret is never taken from the command line: every user of this machine can see it there, and the "
    "shell keeps it; use --secret-file, standard input, or the prompt\n";

// A command of `bursar key`. Words that it doesn't know are refused without repeating them.
CLI::App& add(Commands& commands, CLI::App& key, const char* name, const char* help, const Args& args, KeyAction act) {
  auto made = std::make_shared<CLI::App*>(nullptr);
  auto given = std::make_shared<std::string>();
  *made = &commands.add_with_place(key, name, help, [&commands, made, given, args, act] {
    if (given->empty() && (*made)->remaining().empty())
      return commands.look_now([&](const CommandContext& context, const schemas::config::Config& config) {
        return act({{context, config}, context.json}, *args);
      });
    print_text(stderr, "{}", Lines{std::string(no_secret_here)});
    CommandContext unread;
    unread.json = commands.args().json;
    put_error(unread, ErrorCode::usage, "key: a secret is never taken from the command line", "use --secret-file");
    if (given->empty())
      print_text(stderr, "bursar: what was not understood is not repeated here; see `bursar key {} --help`\n",
                 (*made)->get_name());
    return 2;
  });
  commands.add_json_flag(**made);
  (*made)->allow_extras();
  (*made)->add_option("--secret", *given)->group("");
  return **made;
}

void take_name(CLI::App& command, const Args& args) {
  command.add_option("name", args->name, "of the key")->required();
}

}  // namespace

void add_key_commands(Commands& commands) {
  auto args = std::make_shared<KeyOptions>();
  CLI::App& key = commands.noun("key", "API keys of venues, sealed at rest");
  constexpr const char* file_help =
      "file with two lines: the venue's API key, and its secret; without it standard input or a prompt";

  CLI::App& added = add(commands, key, "add", "seal a new key, after the venue has said what it may do", args, add_key);
  added.add_option("--name", args->name, "what you call it: letters, digits, - and _")->required();
  added.add_option("--venue", args->venue, "paper");
  added.add_option("--account", args->account, "the account at the venue")->required();
  added.add_option("--purpose", args->purpose, "read, trade or move")->required();
  added.add_option("--secret-file", args->secret_file, file_help);
  added.add_option("--allow-address", args->addresses, "move keys: an address that it is used from; repeatable");
  added.add_option("--allow-destination", args->destinations, "move keys: where coins may go; repeatable");

  add(commands, key, "list", "every key with its health", args,
      [](const KeyContext& context, const KeyOptions&) { return list_keys(context); });

  CLI::App& tested =
      add(commands, key, "test", "ask the venue about a key, and record what that means", args, test_key);
  take_name(tested, args);
  tested.add_option("--version", args->version, "which one; without it the newest");
  tested.add_flag("--acknowledge", args->acknowledge, "the incident that it rests for has been dealt with");

  CLI::App& rotated =
      add(commands, key, "rotate", "a new secret takes over once the venue has accepted it", args, rotate_key);
  take_name(rotated, args);
  rotated.add_option("--secret-file", args->secret_file, file_help);

  CLI::App& retired = add(commands, key, "retire", "never use a key again, and forget its secret", args, retire_key);
  take_name(retired, args);
  retired.add_option("--version", args->version, "which one; needed where several are left");

  CLI::App& rewrapped = add(commands, key, "rewrap", "put all keys under another master key", args, rewrap_keys);
  rewrapped.add_option("--new-master-key", args->new_master_key, "its file; made where it is missing")->required();
}

}  // namespace deploy
