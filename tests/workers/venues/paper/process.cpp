#include "tests/workers/venues/paper/process.hpp"

#include <gmock/gmock.h>
#include <signal.h>
#include <spawn.h>
#include <spdlog/spdlog.h>
#include <sys/prctl.h>
#include <sys/wait.h>

namespace tests {
namespace {

std::atomic<bool> told_to_stop = false;

brokers::wire::CurveKeys read_pair(const std::string& path) {
  const auto keys = brokers::wire::read_keys(path);
  CHECK(keys.has_value());
  return *keys;
}

}  // namespace

workers::venues::paper::Book venue_book() {
  workers::venues::paper::Book book;
  book.rules.partial_fill = {500'000};
  book.markets = {eth_usdt()};
  book.starting = {{usdt, Amount(usdt.id, 20'000 * one_usdt)}, {eth, Amount(eth.id, 10 * one_eth)}};
  return book;
}

Party Party::make(const Folder& folder) {
  Party party{folder.at(""), brokers::wire::make_keys(), brokers::wire::make_keys(), brokers::wire::make_keys()};
  CHECK(brokers::wire::write_keys(folder.at("venue.key"), party.venue));
  CHECK(brokers::wire::write_keys(folder.at("worker.key"), party.worker));
  CHECK(brokers::wire::write_keys(folder.at("feed.key"), party.feed));
  return party;
}

Party Party::read(const std::string& folder) {
  return {folder, read_pair(folder + "/venue.key"), read_pair(folder + "/worker.key"), read_pair(folder + "/feed.key")};
}

workers::venues::paper::VenueConfig Party::config(const std::vector<std::string>& faults) const {
  workers::venues::paper::VenueConfig made{endpoint(), folder + "/venue.db", venue, {}, venue_book(), {}};
  made.peers[worker.public_key] = {brokers::wire::Role::worker, "worker-1"};
  made.peers[feed.public_key] = {brokers::wire::Role::client, "feed"};
  if (std::filesystem::exists(folder + "/as_real_ones"))
    made.book.properties = {workers::venues::VenueProperties::Ids::among_open, false, 5'000, true, 200};
  for (const auto& text : faults) made.faults.push_back(*workers::venues::paper::parse_fault(text));
  return made;
}

workers::venues::paper::VenueClientConfig Party::client(const brokers::wire::CurveKeys& own) const {
  return {endpoint(), own, venue.public_key};
}

VenueProcess::VenueProcess(const Party& party, std::vector<std::string> faults)
    : party_(party), faults_(std::move(faults)) {
  start();
}

void VenueProcess::start() {
  std::vector<std::string> words{"/proc/self/exe", "--venue", party_.folder};
  words.insert(words.end(), faults_.begin(), faults_.end());
  std::vector<char*> argv;
  for (auto& word : words) argv.push_back(word.data());
  argv.push_back(nullptr);
  CHECK(::posix_spawn(&pid_, "/proc/self/exe", nullptr, nullptr, argv.data(), environ) == 0);
}

void VenueProcess::kill() {
  if (pid_ == 0) return;
  ::kill(pid_, SIGKILL);
  wait();
}

int VenueProcess::stop() {
  ::kill(pid_, SIGTERM);
  return wait();
}

int VenueProcess::wait() {
  if (pid_ == 0) return last_exit_;
  int status = 0;
  CHECK(::waitpid(pid_, &status, 0) == pid_);
  pid_ = 0;
  last_exit_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return last_exit_;
}

bool VenueProcess::has_ended() {
  if (pid_ == 0) return true;
  int status = 0;
  if (::waitpid(pid_, &status, WNOHANG) != pid_) return false;
  pid_ = 0;
  last_exit_ = WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
  return true;
}

int venue_main(int count, char** words) {
  ::prctl(PR_SET_PDEATHSIG, SIGKILL);
  ::signal(SIGTERM, [](int) { told_to_stop = true; });
  spdlog::set_level(spdlog::level::err);
  const std::vector<std::string> faults(words + 3, words + count);
  return workers::venues::paper::serve(Party::read(words[2]).config(faults), told_to_stop);
}

}  // namespace tests

int main(int count, char** words) {
  if (count >= 3 && std::string(words[1]) == "--venue") return tests::venue_main(count, words);
  testing::InitGoogleMock(&count, words);
  return RUN_ALL_TESTS();
}
