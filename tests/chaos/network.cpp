#include "tests/chaos/network.hpp"

#include <fcntl.h>
#include <fmt/format.h>
#include <sched.h>
#include <string.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <regex>

#include "deploy/cluster/process.hpp"
#include "machines/core/check.hpp"

namespace tests::chaos {
namespace {

constexpr const char* own_namespace = "/proc/thread-self/ns/net";

int open_own_namespace() { return open(own_namespace, O_RDONLY | O_CLOEXEC); }

// A fresh namespace, held by the file that is returned; -1 where this process may not make one.
int make_namespace(int home) {
  if (unshare(CLONE_NEWNET) != 0) return -1;
  const int made = open_own_namespace();
  CHECK(setns(home, CLONE_NEWNET) == 0);
  return made;
}

// Runs one command line of ours (never text from outside) where this thread is now; what it printed.
machines::Result<std::string, std::string> shell(const std::string& line) {
  deploy::ProcessSpec spec;
  spec.argv = {"/bin/sh", "-ec", line};
  spec.environment = {"PATH=/usr/sbin:/usr/bin:/sbin:/bin"};
  const auto done = deploy::run_to_end(spec);
  if (!done) return machines::fail(done.error());
  if (done->exit.code != 0) return machines::fail(fmt::format("{}: {}: {}", line, done->exit.text, done->output));
  return done->output;
}

std::string must(const std::string& line) {
  auto said = shell(line);
  if (!said) {
    std::fprintf(stderr, "no network for this test: %s\n", said.error().c_str());
    std::exit(1);
  }
  return std::move(said).value();
}

// numgen draws for each packet anew. The counter stands behind the draw: it counts what is dropped.
constexpr const char* loss_rules =
    "nft 'table inet chaos {{ chain in {{ type filter hook input priority 0; meta iifname eth0 numgen random mod 100 < "
    "{0} counter drop; }}; chain out {{ type filter hook output priority 0; meta oifname eth0 numgen random mod 100 < "
    "{0} counter drop; }}; }}'";

}  // namespace

std::string no_network_because() {
  if (geteuid() != 0) return "network namespaces as hosts need root";
  for (const char* tool : {"/usr/sbin/ip", "/usr/sbin/nft"})
    if (access(tool, X_OK) != 0 && access((std::string("/usr") + tool).c_str(), X_OK) != 0)
      return fmt::format("{} is not installed; apt-get install iproute2 nftables", tool);
  const int home = open_own_namespace();
  if (home < 0) return "this kernel has no network namespaces";
  if (unshare(CLONE_NEWNET) != 0) {
    const std::string why = fmt::format("network namespaces are not allowed here: {}", strerror(errno));
    close(home);
    return why;
  }
  const auto works = shell("ip link add eth0 type veth peer name port1; ip link add bridge type bridge; " +
                           fmt::format(fmt::runtime(loss_rules), 1));
  CHECK(setns(home, CLONE_NEWNET) == 0);
  close(home);
  return works ? "" : "a network of namespaces can't be made here: " + works.error();
}

Network::Network(const std::vector<std::string>& hosts) : home_(open_own_namespace()) {
  CHECK(home_ >= 0);
  bridge_ = make_namespace(home_);
  CHECK(bridge_ >= 0);
  for (const std::string& name : hosts) {
    Host host;
    host.number = static_cast<int>(hosts_.size()) + 1;
    host.space = make_namespace(home_);
    CHECK(host.space >= 0);
    hosts_[name] = host;
  }
  // Each cable is made on its host; its other end goes to this process's namespace of the moment, by pid: the bridge's.
  CHECK(setns(bridge_, CLONE_NEWNET) == 0);
  std::string lines = "ip link set lo up; ip link add bridge type bridge; ip link set bridge up; ";
  for (const auto& [name, host] : hosts_)
    lines += fmt::format(
        "ip link add port{0} type veth peer name eth0 netns /proc/{1}/fd/{2}; ip link set port{0} master bridge up; ",
        host.number, getpid(), host.space);
  must(lines);
  CHECK(setns(home_, CLONE_NEWNET) == 0);
  for (const auto& [name, host] : hosts_)
    on(name, [&, at = address(name)] {
      must(fmt::format("ip link set lo up; ip address add {}/24 dev eth0; ip link set eth0 up", at));
    });
}

Network::~Network() {
  for (const auto& [name, host] : hosts_) close(host.space);
  close(bridge_);
  close(home_);
}

const Network::Host& Network::at(const std::string& host) const {
  const auto found = hosts_.find(host);
  CHECK(found != hosts_.end());
  return found->second;
}

std::string Network::address(const std::string& host) const { return fmt::format("10.77.0.{}", at(host).number); }

void Network::on(const std::string& host, const std::function<void()>& what) const {
  move_this_thread_to(host);
  what();
  CHECK(setns(home_, CLONE_NEWNET) == 0);
}

void Network::move_this_thread_to(const std::string& host) const { CHECK(setns(at(host).space, CLONE_NEWNET) == 0); }

void Network::pull(const std::string& host) {
  CHECK(setns(bridge_, CLONE_NEWNET) == 0);
  must(fmt::format("ip link set port{} down", at(host).number));
  CHECK(setns(home_, CLONE_NEWNET) == 0);
}

void Network::plug(const std::string& host) {
  CHECK(setns(bridge_, CLONE_NEWNET) == 0);
  must(fmt::format("ip link set port{} up", at(host).number));
  CHECK(setns(home_, CLONE_NEWNET) == 0);
}

void Network::lose(const std::string& host, int percent) {
  Host& one = hosts_.at(host);
  on(host, [&] {
    if (one.loses) must("nft delete table inet chaos");
    if (percent > 0) must(fmt::format(fmt::runtime(loss_rules), percent));
  });
  one.loses = percent > 0;
}

std::int64_t Network::lost(const std::string& host) const {
  if (!at(host).loses) return 0;
  std::string rules;
  on(host, [&] { rules = must("nft list table inet chaos"); });
  static const std::regex counter(R"(counter packets (\d+))");
  std::int64_t packets = 0;
  for (auto found = std::sregex_iterator(rules.begin(), rules.end(), counter); found != std::sregex_iterator(); ++found)
    packets += std::stoll((*found)[1]);
  return packets;
}

}  // namespace tests::chaos
