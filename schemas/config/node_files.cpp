// schemas/config/node_files.cpp: what the file of a process that runs apart can't say.
#include "schemas/config/node_files.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <set>

namespace schemas::config {
namespace {

constexpr std::size_t key_size = 40;

struct Findings {
  std::vector<Problem> problems;
  void add(std::string field, std::string what, std::string hint = "") {
    problems.push_back({std::move(field), std::move(what), std::move(hint), "", 0, 0});
  }
  void need(const std::string& field, const std::string& value, std::string hint) {
    if (value.empty()) add(field, "is missing", std::move(hint));
  }
  void range(const std::string& field, std::int64_t value, std::int64_t least, std::int64_t most) {
    if (value < least) add(field, fmt::format("is {}; it must be at least {}", value, least));
    if (value > most) add(field, fmt::format("is {}; it must be at most {}", value, most));
  }
};

void check_name(Findings& found, const std::string& field, const std::string& name) {
  if (name.empty()) return found.add(field, "is missing", "name each process differently");
  const auto fits = [](char c) {
    return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') || c == '-' || c == '_';
  };
  if (name.size() > 64 || !std::all_of(name.begin(), name.end(), fits))
    found.add(field, fmt::format("is \"{}\"", name), "use at most 64 letters, digits, - and _");
}

void check_endpoint(Findings& found, const std::string& field, const std::string& endpoint) {
  if (endpoint.empty()) return found.add(field, "is missing", "write tcp://HOST:PORT or ipc://PATH");
  const bool is_ipc = endpoint.starts_with("ipc://") && endpoint.size() > 6;
  const auto colon = endpoint.rfind(':');
  const bool is_tcp = endpoint.starts_with("tcp://") && colon > 6 && colon + 1 < endpoint.size();
  if (!is_ipc && !is_tcp) found.add(field, fmt::format("is \"{}\"", endpoint), "write tcp://HOST:PORT or ipc://PATH");
}

// A key, or the file that holds it: exactly one of them.
void check_key(Findings& found, const std::string& at, const std::string& key, const std::string& file) {
  if (key.empty() == file.empty())
    return found.add(at + "public_key", key.empty() ? "is missing" : "stands beside `key_file`",
                     "give one of `public_key` and `key_file`");
  if (!key.empty() && key.size() != key_size)
    found.add(at + "public_key", fmt::format("has {} characters", key.size()),
              fmt::format("a public key has {}, see NAME.pub", key_size));
}

void check_peers(Findings& found, const std::vector<PeerConfig>& peers) {
  std::set<std::string> names;
  for (std::size_t i = 0; i < peers.size(); ++i) {
    const std::string at = fmt::format("peer[{}].", i);
    check_name(found, at + "name", peers[i].name);
    if (!names.insert(peers[i].name).second) found.add(at + "name", fmt::format("\"{}\" stands twice", peers[i].name));
    const std::set<std::string> roles{"worker", "client", "approver", "operator"};
    if (!roles.contains(peers[i].role))
      found.add(at + "role", peers[i].role.empty() ? "is missing" : fmt::format("is \"{}\"", peers[i].role),
                "write worker, client, approver or operator");
    check_key(found, at, peers[i].public_key, peers[i].key_file);
  }
  if (peers.empty()) found.add("peer", "is missing", "without a [[peer]] nobody may speak to this process");
}

void check_own_key(Findings& found, const std::string& file) {
  found.need("key_file", file, "make one with `bursar keys generate NAME --dir DIR`");
}

}  // namespace

std::vector<Problem> BrokerNode::validate() const {
  Findings found;
  check_name(found, "name", name);
  check_endpoint(found, "listen", listen);
  if (!reached_at.empty()) check_endpoint(found, "reached_at", reached_at);
  if (reached_at.empty() && (listen.starts_with("tcp://0.0.0.0:") || listen.starts_with("tcp://*:")))
    found.add("reached_at", "is missing", fmt::format("nobody can reach {}; name this host", listen));
  check_own_key(found, key_file);
  Config whole;
  whole.broker = broker;
  for (Problem& problem : whole.validate()) found.problems.push_back(std::move(problem));
  if (broker.count != 1) found.add("broker.count", fmt::format("is {}", broker.count), "one file is one broker");
  check_peers(found, peers);
  return found.problems;
}

std::vector<Problem> WorkerNode::validate() const {
  Findings found;
  check_name(found, "name", name);
  check_own_key(found, key_file);
  found.range("pure_credit", pure_credit, 0, 1'000);  // below the sockets' high-water mark
  found.range("outside_credit", outside_credit, 0, 1'000);
  found.range("venue_timeout_ms", venue_timeout_ms, 10, 600'000);
  const auto needed = static_cast<std::int64_t>(brokers.size());  // one in hand from each at least
  if (pure_credit > 0 && pure_credit < needed)
    found.add("pure_credit", fmt::format("is {}", pure_credit),
              fmt::format("give each of {} brokers one at least", needed));
  if (outside && outside_credit > 0 && outside_credit < needed)
    found.add("outside_credit", fmt::format("is {}", outside_credit),
              fmt::format("give each of {} brokers one at least", needed));
  if (pure_credit == 0 && (!outside || outside_credit == 0))
    found.add("pure_credit", "is 0", "such a worker would never be given a job");
  if (outside) {
    check_endpoint(found, "venue.endpoint", venue.endpoint);
    check_key(found, "venue.", venue.public_key, venue.key_file);
  }
  // As the house's own venue's, but for where they stand.
  Config whole;
  whole.workers = work;
  whole.paper.properties = properties;
  for (Problem& problem : whole.validate()) {
    if (problem.field.starts_with("venue.paper."))
      problem.field.replace(0, std::string_view("venue.paper").size(), "venue");
    else
      problem.field.replace(0, problem.field.find('.'), "work");
    found.problems.push_back(std::move(problem));
  }
  for (std::size_t i = 0; i < brokers.size(); ++i) {
    check_endpoint(found, fmt::format("broker[{}].endpoint", i), brokers[i].endpoint);
    check_key(found, fmt::format("broker[{}].", i), brokers[i].public_key, brokers[i].key_file);
  }
  if (brokers.empty()) found.add("broker", "is missing", "name every broker as a [[broker]]");
  return found.problems;
}

std::vector<Problem> VenueNode::validate() const {
  Findings found;
  check_endpoint(found, "listen", listen);
  check_own_key(found, key_file);
  found.need("store", store, "name the file that it may keep its orders in");
  const auto slash = symbol.find('/');
  if (slash == std::string::npos || slash == 0 || slash + 1 == symbol.size())
    found.add("symbol", symbol.empty() ? "is missing" : fmt::format("is \"{}\"", symbol), "write ETH/USDT");
  check_peers(found, peers);
  return found.problems;
}

}  // namespace schemas::config
