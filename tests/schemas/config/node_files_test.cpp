// tests/schemas/config/node_files_test.cpp: the files of processes that run apart: the examples are read as they are,
// and each mistake is refused with its place and what to write instead.
#include "schemas/config/node_files.hpp"

#include <gmock/gmock.h>

namespace schemas::config {
namespace {

using testing::HasSubstr;

std::filesystem::path example(const std::string& name) {
  return std::filesystem::path(BURSAR_SOURCE_DIR) / "deploy" / "examples" / name;
}

constexpr const char* good_broker = R"(name = "b"
listen = "tcp://127.0.0.1:7401"
key_file = "keys/b"
[[peer]]
name = "w"
role = "worker"
key_file = "keys/w.pub"
)";

constexpr const char* good_worker = R"(name = "w"
key_file = "keys/w"
outside = false
[[broker]]
endpoint = "ipc://run/b.sock"
key_file = "keys/b.pub"
)";

std::string broker_refusal(const std::string& text) {
  const auto node = parse_broker(text, "b.toml");
  return node ? "accepted" : node.error().text();
}
std::string worker_refusal(const std::string& text) {
  const auto node = parse_worker(text, "w.toml");
  return node ? "accepted" : node.error().text();
}

TEST(NodeFiles, TheExamplesAreWhatTheySay) {
  const auto broker = load_broker(example("broker.toml"));
  ASSERT_TRUE(broker) << broker.error().text();
  EXPECT_EQ(broker->peers.size(), 3);
  EXPECT_EQ(broker->peers[2].role, "operator");
  EXPECT_THAT(broker->postgres.dsn, HasSubstr("target_session_attrs=read-write"));
  EXPECT_EQ(broker->broker.seat_ttl_ms, 3'000);
  const auto worker = load_worker(example("worker.toml"));
  ASSERT_TRUE(worker) << worker.error().text();
  EXPECT_EQ(worker->brokers.size(), 2);
  EXPECT_TRUE(worker->outside);
  const auto venue = load_venue(example("venue.toml"));
  ASSERT_TRUE(venue) << venue.error().text();
  EXPECT_EQ(venue->symbol, "ETH/USDT");
}

TEST(NodeFiles, TheLeastThatWillDoIsTaken) {
  EXPECT_EQ(broker_refusal(good_broker), "accepted");
  EXPECT_EQ(worker_refusal(good_worker), "accepted");
}

TEST(NodeFiles, AnUnknownKeyIsNamedWithItsPlaceAndANeighbour) {
  EXPECT_EQ(broker_refusal("nmae = 'b'\n" + std::string(good_broker)),
            "b.toml:1:1: nmae is not known; did you mean `name`?");
  EXPECT_EQ(worker_refusal(std::string(good_worker) + "endpont = 'ipc://x'\n"),
            "w.toml:7:1: broker[0].endpont is not known; did you mean `endpoint`?");
}

TEST(NodeFiles, APeerNeedsARoleThatThereIsAndOneKey) {
  EXPECT_EQ(broker_refusal(std::string(good_broker) + "[[peer]]\nname = 'x'\nrole = 'root'\nkey_file = 'k'\n"),
            "b.toml:10:8: peer[1].role is \"root\"; write worker, client, approver or operator");
  EXPECT_EQ(broker_refusal(std::string(good_broker) + "[[peer]]\nname = 'x'\nrole = 'client'\n"),
            "b.toml:8:1: peer[1].public_key is missing; give one of `public_key` and `key_file`");
  EXPECT_EQ(broker_refusal(std::string(good_broker) + "[[peer]]\nname = 'x'\nrole = 'client'\npublic_key = 'short'\n"),
            "b.toml:11:14: peer[1].public_key has 5 characters; a public key has 40, see NAME.pub");
}

TEST(NodeFiles, ABrokerThatNobodyCouldReachSaysSo) {
  std::string text = good_broker;
  text.replace(text.find("127.0.0.1"), 9, "0.0.0.0");
  EXPECT_THAT(broker_refusal(text), HasSubstr("reached_at is missing; nobody can reach tcp://0.0.0.0:7401"));
  EXPECT_EQ(broker_refusal("reached_at = \"tcp://10.0.0.2:7401\"\n" + text), "accepted");
  EXPECT_THAT(broker_refusal("name = 'b'\nlisten = 'udp://x'\nkey_file = 'k'\n"),
              HasSubstr("b.toml:2:10: listen is \"udp://x\"; write tcp://HOST:PORT or ipc://PATH"));
}

TEST(NodeFiles, AWorkerThatCallsAVenueNeedsAWayThere) {
  std::string text = good_worker;
  text.replace(text.find("false"), 5, "true");
  EXPECT_THAT(worker_refusal(text), HasSubstr("venue.endpoint is missing"));
}

TEST(NodeFiles, WhatTheBrokersTableCantSayIsRefusedHereAsWell) {
  EXPECT_THAT(broker_refusal(std::string(good_broker) + "[broker]\nttl_ms = 5\n"),
              HasSubstr("b.toml:9:10: broker.ttl_ms"));
  EXPECT_THAT(broker_refusal(std::string(good_broker) + "[broker]\ncount = 3\n"), HasSubstr("one file is one broker"));
}

TEST(NodeFiles, AWorkerIsToldWhatItsVenuesWordIsWorth) {
  const std::string venue = std::string(good_worker) + "[venue]\nids = 'among_open'\n";
  const auto node =
      parse_worker(venue + "tombstones = false\ndeadline = 'enforced'\nrequest_life_ms = 900\n", "w.toml");
  ASSERT_TRUE(node) << node.error().text();
  EXPECT_EQ(node->properties, (PropertiesConfig{"among_open", false, "enforced", 900, 200}));
  EXPECT_EQ(load_worker(example("worker.toml"))->properties, PropertiesConfig{});
  EXPECT_THAT(worker_refusal(venue), HasSubstr("w.toml:7:1: venue.tombstones is true, and ids are unique among open"));
  EXPECT_THAT(worker_refusal(venue + "deadlin = 'none'\n"),
              HasSubstr("w.toml:9:1: venue.deadlin is not known; did you mean `deadline`?"));
  EXPECT_THAT(worker_refusal(venue + "tombstones = false\nsettle_ms = -1\n"),
              HasSubstr("w.toml:10:13: venue.settle_ms is -1; it must be at least 1"));
  EXPECT_THAT(worker_refusal(std::string(good_worker) + "[work]\nlook_ahead_bars = 0\n"),
              HasSubstr("w.toml:8:19: work.look_ahead_bars is 0"));
}

}  // namespace
}  // namespace schemas::config
