// tests/workers/harness/signing.hpp: Signing, a worker's calls with keys on a real PostgreSQL, to a real paper venue
// that takes signed requests only.
#pragma once

#include <fmt/format.h>
#include <gmock/gmock.h>
#include <openssl/sha.h>

#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <thread>

#include "brokers/wire/socket.hpp"
#include "tests/ledger/secrets/keys.hpp"
#include "tests/support/child.hpp"
#include "tests/support/folder.hpp"
#include "tests/workers/venues/paper/support.hpp"
#include "workers/harness/venue_calls.hpp"
#include "workers/venues/paper/service.hpp"

namespace tests {

class Signing : public testing::Test {
 protected:
  using SteadyTime = workers::harness::VenueCalls::SteadyTime;

  void SetUp() override {
    if (const std::string why = no_cluster_because(); !why.empty()) GTEST_SKIP() << why;
    house_ = std::make_unique<Treasury>();
    const auto file = folder_.path() / "master.key";
    house_->master.bytes.reveal([&](auto bytes) { write_text(file, {bytes.begin(), bytes.end()}); });
    std::filesystem::permissions(file, std::filesystem::perms::owner_read);
    config_.keys = brokers::wire::make_keys();
    const auto venue_keys = brokers::wire::make_keys();
    config_.venue.endpoint = "ipc://" + (folder_.path() / "venue.sock").string();
    config_.venue.server_public_key = venue_keys.public_key;
    config_.venue.account = "spot";
    config_.venue.master_key.file = file;
    workers::venues::paper::Book book;
    book.markets = {eth_usdt()};
    book.starting = {{usdt, Amount(usdt.id, 20'000 * one_usdt)}, {eth, Amount(eth.id, 10 * one_eth)}};
    venue_.endpoint = config_.venue.endpoint;
    venue_.store = (folder_.path() / "venue.db").string();
    venue_.keys = venue_keys;
    venue_.peers[config_.keys.public_key] = {brokers::wire::Role::worker, "worker-1"};
    venue_.book = std::move(book);
    venue_.key_file = (folder_.path() / "keys").string();
    venue_.account = "spot";
  }
  void TearDown() override {
    stop_ = true;
    if (serving_.joinable()) serving_.join();
  }

  // The venue's settings page: these keys, with these words ("read,trade rate=1").
  void venue_knows(const std::vector<std::pair<std::string, std::string>>& keys) const {
    std::string text;
    for (const auto& [name, words] : keys)
      text += fmt::format("spot {} {} {}\n", name, hash_of("secret-of-" + name), words);
    write_text(venue_.key_file, text);
  }
  void serve() {
    serving_ = std::thread([this] { EXPECT_EQ(workers::venues::paper::serve(venue_, stop_), 0); });
  }
  // A trade key of the house that may be used.
  void add_key(const std::string& name) {
    const auto born = house_->add(trading(name), name + "\nsecret-of-" + name);
    EXPECT_TRUE(house_->move(born, machines::key::Event::prove));
  }
  void freeze(const std::string& level) const {
    must_run(house_->database, "SELECT ledger.impose(1, 'freeze', '', '', '" + level + "', 'ann', 'a drill')");
  }
  // An order that stands as sent, as its place_order job has it in hand.
  machines::LeasedJob sent_order(const std::string& side) {
    machines::Step step;
    step.owner = {1};
    machines::Move move;
    move.instance = machines::Subject::birth(1);
    move.kind = "order";
    move.to = "sent";
    move.event = "draft";  // not send: commit would refuse that under a freeze
    move.command = "query_order";
    move.data = R"({"side":")" + side + R"("})";
    step.jobs.push_back({move.instance, move.command, false, {0}, {}});
    step.moves.push_back(std::move(move));
    step.control_epoch = std::stoll(house_->one("SELECT sum(epoch) FROM ledger.control WHERE owner IN (0, 1)"));
    const auto results = ledger::journal::Journal(house_->connection).commit(7, 0, {&step, 1});
    CHECK(results.has_value() && results->at(0).outcome == machines::Outcome::committed);
    machines::LeasedJob job;
    job.key.owner = {1};
    job.key.instance = results->at(0).born.at(0);
    job.token = ledger::fresh_token();
    return job;
  }

  static std::string hash_of(const std::string& text) {
    std::array<unsigned char, 32> hash{};
    SHA256(reinterpret_cast<const unsigned char*>(text.data()), text.size(), hash.data());
    std::string hex;
    for (const unsigned char byte : hash) hex += fmt::format("{:02x}", byte);
    return hex;
  }

  TempFolder folder_;
  std::unique_ptr<Treasury> house_;
  workers::harness::WorkerConfig config_;
  workers::venues::paper::VenueConfig venue_;
  std::thread serving_;
  std::atomic<bool> stop_ = false;
};

}  // namespace tests
